"""What the command `embed` does: prints the lines that another site puts into its pages."""

from __future__ import annotations

import argparse

from zhixun.channels.embed import STATIC, policy, read_widget, snippet
from zhixun.errors import StopNow
from zhixun.knowledge.site import load_site
from zhixun.settings import PREFIX, Settings

__all__ = ["add_embed", "run_embed"]


def add_embed(command: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    command.add_argument("site", nargs="?", default="", help="knowledge/site.yml 的 sites 里的编号；不写就列出全部")


def run_embed(settings: Settings, given: argparse.Namespace) -> int:
    """Print the lines for one site, or which sites there are; returns the exit code.

    Raises:
        StopNow: there is no such site, or the front end was not built.
    """
    hosts = {host.id: host for host in load_site(settings.knowledge_dir).hosts}
    if not given.site:
        for host in hosts.values():
            print("  ".join([host.id, host.title or "（用本站的名称）", host.region or "（地区由咨询的人选）", "、".join(host.origins)]))
        print(f"共 {len(hosts)} 个登记的网站")
        return 0
    if given.site not in hosts:
        raise StopNow(f"没有登记网站 {given.site}；请写进 knowledge/site.yml 的 sites。不带编号运行 zhixun embed 可以列出全部。")
    widget = read_widget(STATIC)
    if widget is None:
        raise StopNow("页面文件尚未生成，请先在项目目录运行 make setup。")
    address = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
    print(snippet(address, hosts[given.site], widget))
    print(f"\n设有内容安全策略（CSP）的网站，还要在策略里加上：\n{policy(address)}")
    print("\n改过 sites 或升级以后，要重新启动服务，上面的代码才有效。")
    if not settings.public_url:
        print(f"注意：没有设置 {PREFIX}PUBLIC_URL，上面写的是本机地址。请把它设为公众访问本服务的网址，再运行一次。")
    return 0
