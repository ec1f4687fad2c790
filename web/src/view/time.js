// Times are shown as in Beijing: the service, its deadlines and its working hours are there.
const ZONE = 'Asia/Shanghai';
const clock = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const date = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, year: 'numeric', month: 'long', day: 'numeric' });

const read = (iso) => {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? new Date() : moment;
};

export const hourOf = (iso) => clock.format(read(iso));
export const dayOf = (iso) => date.format(read(iso));
export const momentOf = (iso) => `${dayOf(iso)} ${hourOf(iso)}`;
