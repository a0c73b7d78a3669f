#!/usr/bin/env bash
# Prepares this checkout to run: Python packages in .venv, RabbitMQ from the distribution, mongod from a package,
# what prints passbooks (Pango and a Chinese font) and, for the tests, nginx from the distribution.
#
#   deploy/setup.sh [run|dev]      run: what `make demo` and `make up` need (default); dev: tests and checks too
#
# It asks nothing, may be run again at any time, and does nothing when nothing has changed.
# SANDAN_PYTHON set: that Python is taken.
# SANDAN_AMQP_URL or SANDAN_MONGO_URL set: that server exists already and is not installed here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly KIND="${1:-run}"
readonly VENV=.venv
readonly STAMP=".sandan/setup-$KIND.stamp"
readonly NO_NGINX=.sandan/no-nginx
readonly NO_PDF=.sandan/no-pdf
readonly PDF_PACKAGES=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-wqy-microhei)
readonly TRIES_MAX=3
readonly POLICY=/usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf '[setup] %s\n' "$*"; }

give_up() { # why, what to do, the same in Chinese
    printf '\n[setup] %s\n  %s\n  %s\n' "$1" "$2" "$3" >&2
    exit 1
}

main() {
    case "$KIND" in run | dev) ;; *) echo "usage: deploy/setup.sh [run|dev]" >&2; exit 2 ;; esac
    if is_done; then
        return 0
    fi
    mkdir -p .sandan
    make_venv
    install_packages
    install_rabbitmq
    install_libraries_of_mongod
    install_pdf
    [ "$KIND" = run ] || install_nginx
    fingerprint >"$STAMP"
    say "ready"
}

is_done() {
    [ -f "$STAMP" ] && [ -x "$VENV/bin/sandan" ] && have_rabbitmq && { have_pdf || [ -e "$NO_PDF" ]; } &&
        { [ "$KIND" = run ] || have_nginx || [ -e "$NO_NGINX" ]; } && [ "$(cat "$STAMP")" = "$(fingerprint)" ]
}

requirement_files() {
    echo requirements.txt
    [ -n "${SANDAN_MONGO_URL:-}" ] && [ "$KIND" = run ] || echo requirements-local.txt
    [ "$KIND" = run ] || echo requirements-dev.txt
}

fingerprint() {
    local files
    mapfile -t files < <(requirement_files)
    sha256sum pyproject.toml deploy/setup.sh "${files[@]}"
}

# --- Python ---------------------------------------------------------------------------------------------------

make_venv() {
    if [ -x "$VENV/bin/python" ] && is_new_enough "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    if [ -n "${SANDAN_PYTHON:-}" ] && ! find_python >/dev/null; then
        give_up "SANDAN_PYTHON ($SANDAN_PYTHON) is no Python of 3.11 or later." \
            "Set it to one, or leave it unset, and run this again." "SANDAN_PYTHON 不是 3.11 或更高版本的 Python。请改正或取消后重试。"
    fi
    if ! find_python >/dev/null; then
        say "installing Python"
        apt_install python3 python3-venv
    elif ! "$(find_python)" -c 'import ensurepip, venv' 2>/dev/null; then
        say "installing python3-venv"
        apt_install python3-venv
    fi
    local python
    python="$(find_python)" || give_up "Python 3.11 or later is needed." \
        "Install it and run this again." "需要 Python 3.11 或更高版本。请安装后重试。"
    say "making $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV" || give_up "$python could not make a virtual environment." \
        "Install its venv module (Debian: apt-get install python3-venv) and run this again." \
        "无法创建虚拟环境。请安装 venv 模块(Debian:apt-get install python3-venv)后重试。"
}

# The distribution's own comes first where it is whole: it is built with what was measured of it, and does the same
# in an eighth less processor time than one that somebody built without.
find_python() {
    local name
    if [ -n "${SANDAN_PYTHON:-}" ]; then
        is_new_enough "$SANDAN_PYTHON" && command -v "$SANDAN_PYTHON"
        return
    fi
    if is_new_enough /usr/bin/python3 && is_locked_for /usr/bin/python3 && /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null; then
        echo /usr/bin/python3
        return 0
    fi
    for name in python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

is_locked_for() { "$1" -c 'import sys; sys.exit(sys.version_info >= (3, 15))' 2>/dev/null; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

install_packages() {
    local file arguments=()
    while read -r file; do arguments+=(-r "$file"); done < <(requirement_files)
    say "installing Python packages (${arguments[*]//-r/})"
    retry "$VENV/bin/python" -m pip install --quiet --retries 5 --timeout 60 "${arguments[@]}" ||
        give_up "The Python packages could not be installed." \
            "Look at the messages above: is the package index reachable? Then run this again." \
            "Python 依赖安装失败。请检查上面的信息和网络后重试。"
    retry "$VENV/bin/python" -m pip install --quiet --no-deps -e . ||
        give_up "The project itself could not be installed into $VENV." \
            "Look at the messages above, then run this again." "项目本身安装失败。请查看上面的信息后重试。"
}

retry() {
    local try
    for try in $(seq "$TRIES_MAX"); do
        if "$@" </dev/null; then
            return 0
        fi
        [ "$try" = "$TRIES_MAX" ] || { say "that failed; again in $((try * 3)) s"; sleep $((try * 3)); }
    done
    return 1
}

# --- RabbitMQ and what mongod needs ---------------------------------------------------------------------------

have_rabbitmq() {
    [ -n "${SANDAN_AMQP_URL:-}" ] || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
        [ -x /opt/rabbitmq/sbin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null
}

install_rabbitmq() {
    if have_rabbitmq; then
        return
    fi
    say "installing RabbitMQ (a minute or two)"
    quietly_installed rabbitmq-server
    have_rabbitmq || give_up "There is no RabbitMQ, and none could be installed." \
        "Install rabbitmq-server (3.10 or later), or set SANDAN_AMQP_URL=amqp://user:password@host:5672/ and run this again." \
        "没有 RabbitMQ,也无法自动安装。请安装 rabbitmq-server(3.10 或更高),或设置 SANDAN_AMQP_URL 后重试。"
}

have_nginx() { command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]; }

# Where it cannot be installed, all other tests run all the same.
install_nginx() {
    rm -f "$NO_NGINX"
    if have_nginx; then
        return
    fi
    say "installing nginx, to test the gateway with"
    (quietly_installed nginx-light) || { touch "$NO_NGINX"; say "no nginx: the tests of the gateway will be skipped"; }
}

# Cheap to ask, as it is asked each time; `sandan doctor` really prints something.
have_pdf() {
    local library libraries
    libraries="$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null)" || true
    for library in libpangoft2-1.0.so.0 libharfbuzz-subset.so.0; do
        case "$libraries" in *"$library"*) ;; *) return 1 ;; esac
    done
    [ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ]
}

# Where it cannot be installed, everything else runs all the same.
install_pdf() {
    rm -f "$NO_PDF"
    if have_pdf; then
        return
    fi
    say "installing what prints passbooks: Pango and a Chinese font"
    (apt_install "${PDF_PACKAGES[@]}") 2>/dev/null && have_pdf && return
    touch "$NO_PDF"
    say "no Pango or no Chinese font: passbooks are not printed. As root: apt-get install ${PDF_PACKAGES[*]}; then: rm $NO_PDF"
    say "没有 Pango 或中文字体:不能打印存折,其他功能不受影响。"
}

install_libraries_of_mongod() {
    local mongod missing
    mongod="$(find "$VENV"/lib/python3*/site-packages/fiftyone/db/bin -name mongod 2>/dev/null | head -n 1)" || true
    if [ -z "$mongod" ] || ! missing="$(ldd "$mongod" 2>/dev/null | grep 'not found')"; then
        return
    fi
    say "installing the libraries of mongod:" $(echo "$missing" | awk '{print $1}')
    apt_install libcurl4 libssl3
}

# The distribution starts a service of its own after installing one; ours are started when needed, elsewhere.
# A policy that exists already is left as it is.
quietly_installed() {
    if [ ! -e "$POLICY" ] && as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$POLICY && chmod 755 $POLICY"; then
        trap 'as_root rm -f "$POLICY"' EXIT
    fi
    apt_install "$@"
    if [ -d /run/systemd/system ]; then # nor at the next boot
        as_root systemctl disable --now "${1%-light}" >/dev/null 2>&1 || true
    fi
}

apt_install() {
    command -v apt-get >/dev/null || no_way "$*"
    as_root true || no_way "$*"
    apt_get install "$@" && return
    say "refreshing the list of packages"
    apt_get update
    apt_get install "$@" || no_way "$*"
}

apt_get() {
    local verb="$1" log
    shift
    log="$(mktemp)"
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$verb" "$@" </dev/null >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 3 "$log" | sed 's/^/[setup]   /'
    rm -f "$log"
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@" 2>/dev/null; else return 1; fi
}

no_way() { # package names
    give_up "This needs the system package(s) $1, which cannot be installed from here." \
        "As root: apt-get install $1. Or use servers that run already: set SANDAN_AMQP_URL and SANDAN_MONGO_URL." \
        "需要系统软件包 $1,但这里无法安装。请以 root 运行 apt-get install $1,或用 SANDAN_AMQP_URL 和 SANDAN_MONGO_URL 指向现有的服务。"
}

main
