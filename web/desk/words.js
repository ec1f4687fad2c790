// Every sentence that the desk says by script; all others stand in its pages.
export const W = {
  failed: '没有成功，请再试一次。',
  unreachable: '连不上服务器，这一步没有完成。请检查网络后再试。',
  copied: '已复制。',
  notCopied: '浏览器不让复制，请选中文字后按 Ctrl+C。',
  left: (n) => `还可写 ${n} 字`,
};
