// Draws the charts of the analysis report beside their tables. A bundle of its own: only that page loads it.
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, SVGRenderer]);

const ROW = 26;
const LONGEST = 12;
const LINE_HEIGHT = 220;
const dark = matchMedia('(prefers-color-scheme: dark)');

// The letters too, by their own name: what is only inherited cannot be measured.
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { bar: of('--accent'), ink: of('--ink'), soft: of('--soft'), line: of('--line'), family: getComputedStyle(document.body).fontFamily };
}

// Nothing moves and nothing floats: the tables hold the figures, and the content policy allows no styles made by scripts.
function options({ kind, names, values }, colour, size, width) {
  const text = { color: colour.ink, fontSize: size, fontFamily: colour.family };
  // On a telephone the names leave half of the room to the bars; days stand below their line, each where there is room.
  const longest = kind === 'line' ? LONGEST : Math.max(4, Math.min(LONGEST, Math.floor(width / 2 / size) - 2));
  const short = (name) => (name.length > longest ? `${name.slice(0, longest)}…` : name);
  const names_ = { type: 'category', data: names, axisLabel: { ...text, formatter: short }, axisTick: { show: false }, axisLine: { lineStyle: { color: colour.line } } };
  const letters = Math.max(...names.map((name) => short(name).length));
  const left = kind === 'line' ? size * 4 : letters * size + size * 1.2;
  // On a telephone there is room for few figures under the bars.
  const marks = Math.min(5, Math.max(1, Math.floor((width - left - size * 4) / (size * 4))));
  const counts = { type: 'value', minInterval: 1, splitNumber: kind === 'line' ? 5 : marks, axisLabel: { ...text, color: colour.soft, hideOverlap: true }, splitLine: { lineStyle: { color: colour.line } } };
  const base = { animation: false, grid: { left, right: size * 4, top: 12, bottom: size * 2.2, outerBoundsMode: 'none' } };
  if (kind === 'line') {
    return { ...base, xAxis: { ...names_, boundaryGap: false, axisLabel: { ...text, hideOverlap: true } }, yAxis: counts,
      series: [{ type: 'line', data: values, symbol: values.length > 40 ? 'none' : 'circle', symbolSize: 6, lineStyle: { color: colour.bar, width: 2 }, itemStyle: { color: colour.bar } }] };
  }
  return { ...base, xAxis: counts, yAxis: { ...names_, inverse: true },
    series: [{ type: 'bar', data: values, barMaxWidth: 16, itemStyle: { color: colour.bar }, label: { show: true, position: 'right', ...text } }] };
}

function draw(box) {
  const told = JSON.parse(box.dataset.chart);
  const chart = init(box, null, { renderer: 'svg', height: LINE_HEIGHT });
  // Large print may be chosen while the page is open, and makes the letters and the room for them larger.
  const show = () => {
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
    chart.resize({ height: told.kind === 'line' ? LINE_HEIGHT : told.names.length * ROW * (size / 12.8) + 40 });
    chart.setOption(options(told, colours(), size, chart.getWidth()));
  };
  show();
  dark.addEventListener('change', show);
  new ResizeObserver(show).observe(box);
}

document.querySelectorAll('[data-chart]').forEach(draw);
