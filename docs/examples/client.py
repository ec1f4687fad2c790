"""接入知询的示例：代用户咨询、查询办理情况、验收通知。只用 Python 标准库，可以照着改写成别的语言。

试用：  PARTNER_KEY=zk_… python client.py https://zhixun.example.gov.cn 商标异议期是多久
收通知：PARTNER_SECRET=… python client.py --receive 8099
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

NEWEST, OLDEST = 60, 300
"""通知的时间可以比本机快或慢这么多秒；超出的一律不收，旧通知就不能被人截下来重放。"""
REMEMBERED = 24 * 3600
"""这么多秒之内收过的通知编号要记住；同一条通知最多在 15 小时里重发几次。"""


class Refused(Exception):
    """知询没有受理：status 是 HTTP 状态，code 供程序判断，文字可以给人看。"""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Zhixun:
    """一个知询服务。key 只放在服务器上，不要交给浏览器或手机。"""

    def __init__(self, base: str, key: str) -> None:
        self.base, self.key = base.rstrip("/"), key

    def open(self, region: str = "", consent: bool = False) -> Session:
        """替一位用户开始咨询。consent：用户已看过告知并同意处理个人信息。"""
        body = {"channel": "partner", "consent": consent, **({"region": region} if region else {})}
        opened = self.call("POST", "/api/v1/sessions", self.key, body)
        return Session(self, opened["session"], opened["consultation"], opened["replies"])

    def standing(self, number: str) -> dict:
        """查一件由本系统发起的咨询办到哪一步。"""
        return self.call("GET", f"/api/v1/partner/consultations/{quote(number, safe='')}", self.key)

    def call(self, method: str, path: str, token: str, body: dict | None = None) -> dict:
        """调用一次；太频繁或服务正忙时，等一等再试。"""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for attempt in range(4):
            try:
                with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers, method=method), timeout=15) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code in (429, 503) and attempt < 3:
                    time.sleep(int(error.headers.get("Retry-After", "3")))
                    continue
                told = json.load(error)["error"]
                raise Refused(error.code, told["code"], told["message"]) from error
        raise AssertionError


class Session:
    """一位用户的一次咨询。token 只属于这一位用户。"""

    def __init__(self, zhixun: Zhixun, token: str, number: str, replies: list) -> None:
        self.zhixun, self.token, self.number, self.replies = zhixun, token, number, replies
        self.last = 0

    def ask(self, text: str, message_id: str = "") -> dict:
        """说一句话。网络断了就用同一个 message_id 再发一次，得到的是第一次的结果，不会说两遍。"""
        body = {"text": text, "message_id": message_id or uuid.uuid4().hex}
        return self.zhixun.call("POST", "/api/v1/messages", self.token, body)

    def read(self) -> list:
        """读上次之后的新内容；工作人员的答复也在里面。"""
        found = self.zhixun.call("GET", f"/api/v1/messages?after={self.last}", self.token)
        self.last = found["last"]
        return found["entries"]

    def close(self) -> dict:
        """结束咨询；回执请交给用户保存。"""
        return self.zhixun.call("POST", "/api/v1/close", self.token, {})["receipt"]


class Hooks:
    """验收通知。secret 是 zhixun key hook 显示的签名密钥。"""

    def __init__(self, secret: str) -> None:
        self.secret = secret.encode()
        self.taken: dict[str, float] = {}  # 正式使用时请放进数据库，重启后也要记得

    def verify(self, headers: dict, body: bytes) -> dict | None:
        """返回通知的内容；收过的返回 None（照样回答 200）；不是知询发来的，或者太旧，抛出 ValueError（回答 400）。"""
        stamp, signature = headers.get("X-Zhixun-Timestamp", ""), headers.get("X-Zhixun-Signature", "")
        right = hmac.new(self.secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.encode()):
            raise ValueError("签名不对")
        now = time.time()
        if not now - OLDEST <= int(stamp) <= now + NEWEST:
            raise ValueError("时间不对")
        self.taken = {one: at for one, at in self.taken.items() if now - at < REMEMBERED}
        delivery = headers["X-Zhixun-Delivery"]
        if delivery in self.taken:
            return None
        self.taken[delivery] = now
        return json.loads(body)


def receive(hooks: Hooks, port: int, handle=print) -> ThreadingHTTPServer:
    """收通知的小服务；前面要有 https。先存下来再回答，回答要快（10 秒以内）。"""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            try:
                told = hooks.verify(self.headers, body)
            except ValueError as error:
                self.send_error(400, explain=str(error))
                return
            if told is not None:
                handle(told)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """不记访问日志。"""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main(arguments: list[str]) -> None:
    """从命令行试用。"""
    if arguments[:1] == ["--receive"]:
        receive(Hooks(os.environ["PARTNER_SECRET"]), int(arguments[1])).serve_forever()
    zhixun = Zhixun(arguments[0], os.environ["PARTNER_KEY"])
    session = zhixun.open()
    for reply in session.ask(" ".join(arguments[1:]))["replies"]:
        print(reply["text"])
        for basis in reply["basis"]:
            print(f"  依据：《{basis['title']}》{basis['locator']}")
    print(zhixun.standing(session.number)["state"], session.close())


if __name__ == "__main__":
    main(sys.argv[1:])
