"""temporary"""
import sys
from pathlib import Path
from zhixun.knowledge.load import load, KnowledgeError
from zhixun.knowledge.check import check
only = sys.argv[2] if len(sys.argv) > 2 else ""
try:
    k = load(Path("knowledge"))
except KnowledgeError as e:
    sys.exit(str(e))
fl = [f for f in check(k) if only in f[0]]
for w, f in fl: print(f"{w}: {f}")
print(len(k.questions), "questions", len(fl), "flaws")
sys.exit(bool(fl))
