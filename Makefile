# make run    sets everything up and starts the service
# make test   sets everything up and runs all tests
.PHONY: run test fast check train bench bench-accuracy bench-archive bench-compare bench-reports setup lock clean help
SHELL := /bin/sh
# Where containers forbid to keep what was compiled, each start would compile the project, and each run of tests all tests, anew.
unexport PYTHONDONTWRITEBYTECODE
PYTHON := .venv/bin/python
STATIC := zhixun/channels/static/widget.js
# Two at a time, each file by one of them: a file's tests share what they have started. In the order of their names, since the longest files
# are those of few tests and would come last. What is promised in seconds runs alone.
WORKERS ?= -n 2 --dist loadfile --no-loadscope-reorder
ADDRESS ?= http://127.0.0.1:8080

help:
	@echo "make run    安装、训练并启动服务（http://127.0.0.1:8080/）"
	@echo "make test   安装所需并运行全部测试；make fast 不跑要启动进程和浏览器的（几分钟）"
	@echo "make check  检查知识内容、代码风格、类型和目录间的引用"
	@echo "make bench  测量准确率、耗时、体积：make bench QUESTIONS=文件"
	@echo "make bench-accuracy QUESTIONS=文件   只测准确率，并对自有问法做五折交叉验证"
	@echo "make bench-archive  十万件咨询的档案检索耗时（几分钟）"
	@echo "make bench-reports  一年三万件咨询的分析报告耗时（几分钟）"
	@echo "make bench-compare  与 Rasa 标准流水线、普通 BM25 用同样数据对比（很慢，见 docs/benchmarks.md）"
	@echo "make lock   重新生成 requirements.lock"

run: setup
	@exec bin/zhixun serve

setup: .venv/.ready $(STATIC)

.venv/.ready: requirements.lock scripts/environment
	@sh scripts/environment
	@touch $@

$(STATIC): .venv/.ready $(shell find web/src web/demo web/desk -type f 2>/dev/null) web/build.mjs web/package-lock.json scripts/bundle
	@sh scripts/bundle
	@touch $@

train: setup
	@bin/zhixun train

check: setup
	@bin/zhixun check
	@$(PYTHON) -m ruff check zhixun actions tests bench
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports

fast: setup
	@$(PYTHON) -m pytest -q $(WORKERS) -m "not slow"

test: setup check
	@sh scripts/browser >/dev/null
	@bin/zhixun train
	@$(PYTHON) -m pytest -q $(WORKERS) --ignore tests/promises
	@$(PYTHON) -m pytest -q tests/promises

bench: setup train
	@$(PYTHON) -m bench $(if $(QUESTIONS),--questions $(QUESTIONS))

bench-accuracy: setup train
	@$(PYTHON) -m bench --only accuracy $(if $(QUESTIONS),--questions $(QUESTIONS))
	@$(PYTHON) -m bench.folds

bench-archive: setup
	@$(PYTHON) -m bench.archive

bench-reports: setup
	@$(PYTHON) -m bench.reports

bench-compare: setup train
	@$(PYTHON) -m bench.compare $(or $(QUESTIONS),tests/questions.jsonl) $(COMPARE)

lock: .venv/.ready
	@uv=$$(command -v uv || echo .uv/bin/uv); $$uv pip compile pyproject.toml --group dev -p 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o requirements.lock

clean:
	@rm -rf .venv .uv .node build models web/node_modules zhixun/channels/static zhixun/reports/static
