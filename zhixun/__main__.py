"""`python -m zhixun`, or `bin/zhixun`: the commands."""

import sys

from zhixun.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
