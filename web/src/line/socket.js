// One WebSocket from opening to its end. It is "ready" when the server has spoken, or has held the line for a while.
const OPENING = 4000;
const SETTLING = 1500;

export function openSocket({ url, hello, Socket, onReady, onFrame, onDown }) {
  let ready = false;
  let over = false;
  let settling;
  const socket = new Socket(url);
  const opening = setTimeout(() => finish(), OPENING);

  socket.onopen = () => {
    clearTimeout(opening);
    write(hello());
    settling = setTimeout(becomeReady, SETTLING);
  };
  socket.onmessage = (event) => {
    const frame = parse(event.data);
    if (!frame || over) return;
    // An error before anything else refuses the session; it does not count as an open line.
    if (frame.type !== 'error') becomeReady();
    onFrame(frame);
  };
  socket.onclose = () => finish();
  socket.onerror = () => finish();

  function becomeReady() {
    clearTimeout(settling);
    if (ready || over) return;
    ready = true;
    onReady();
  }

  function write(frame) {
    if (socket.readyState === 1) socket.send(JSON.stringify(frame));
  }

  function finish() {
    if (over) return;
    stop();
    onDown(ready);
  }

  function stop() {
    over = true;
    clearTimeout(opening);
    clearTimeout(settling);
    try { socket.close(); } catch { /* It was never open. */ }
  }

  return { write, drop: finish, stop, isReady: () => ready && !over };
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    return frame && typeof frame === 'object' ? frame : null;
  } catch {
    return null;
  }
}
