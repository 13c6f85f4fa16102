#!/bin/sh
# 离线安装或升级 camerahub: 不联网, 逐个文件核对. Installs or upgrades camerahub from this folder: no network, all verified.
set -eu
cd "$(dirname "$0")"

prefix=/opt/camerahub
home=/var/lib/camerahub
backups=/var/backups/camerahub
python=python3.11
systemd=yes

usage() {
    cat <<'USAGE'
sh install.sh [--prefix DIR] [--home DIR] [--backups DIR] [--python python3.11] [--no-systemd]
  --prefix      程序装到哪里 / where the program goes            (/opt/camerahub)
  --home        工作目录 / configuration, key, database          (/var/lib/camerahub)
  --backups     备份目录 / where nightly backups go              (/var/backups/camerahub)
  --python      Python 3.11 的命令 / the command of Python 3.11  (python3.11)
  --no-systemd  不建用户, 不装服务 / no user, no services; whoever runs this owns the home
USAGE
}

die() { echo "install.sh: $1" >&2; exit 4; }

while [ $# -gt 0 ]; do
    case "$1" in
        --prefix) prefix=$2; shift 2 ;;
        --home) home=$2; shift 2 ;;
        --backups) backups=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        --no-systemd) systemd=no; shift ;;
        -h|--help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

version=$(cat VERSION)
echo "camerahub $version: 核对文件 / verifying every file"
sha256sum --check --quiet --strict SHA256SUMS || die "文件损坏或不完整, 请重新拷贝 / files damaged or missing: copy the bundle again"
[ -z "$(find wheels -type f | sed 's|^|x |' | while read -r _ f; do grep -qF "  $f" SHA256SUMS || echo "$f"; done)" ] ||
    die "wheels 里有多余的文件 / there are files in wheels that do not belong to this bundle"
command -v "$python" >/dev/null || die "没有 $python: apt-get install python3.11 python3.11-venv / there is no $python"
"$python" - "$(cat ARCH)" <<'CHECK' || die "需要 Linux $(cat ARCH) 上的 CPython 3.11 / CPython 3.11 on Linux $(cat ARCH) is needed"
import platform, sys
sys.exit(not (sys.version_info[:2] == (3, 11) and platform.machine() == sys.argv[1] and sys.platform == "linux"))
CHECK
if [ "$systemd" = yes ]; then
    [ "$(id -u)" = 0 ] || die "请用 root 运行, 或加 --no-systemd / run as root, or with --no-systemd"
    command -v systemctl >/dev/null || die "没有 systemd: 加 --no-systemd / no systemd here: say --no-systemd"
fi

# A version is installed beside the others and becomes current at once: a failed installation changes nothing.
target=$prefix/versions/$version
[ ! -e "$target" ] || target=$target-$(date +%Y%m%d%H%M%S)
mkdir -p "$prefix/versions"
trap 'rm -rf "$target.partial"' EXIT
rm -rf "$target.partial"
echo "安装到 / installing into $target"
# without pip: Debian's python3.11-venv is not needed; the bundle has a pip of its own
"$python" -m venv --without-pip "$target.partial"
PYTHONPATH=$(echo "$PWD"/wheels/pip-*.whl) PIP_CONFIG_FILE=/dev/null "$target.partial/bin/python" -m pip \
    --disable-pip-version-check --no-cache-dir --isolated install --quiet --no-index --find-links wheels \
    --require-hashes --only-binary :all: --no-compile -r requirements.lock
# scripts name the folder they were made in
sed -i "s|$target.partial|$target|g" "$target.partial/bin/camerahub" "$target.partial/bin"/activate* "$target.partial/pyvenv.cfg"
cp -R guide "$target.partial/guide" 2>/dev/null || true
mv "$target.partial" "$target"
"$target/bin/python" -m compileall -q "$target/lib" || true
"$target/bin/camerahub" --version
ln -sfn "$target" "$prefix/.current" && mv -T "$prefix/.current" "$prefix/current"

run() { CAMERAHUB_HOME=$home "$@"; }
if [ "$systemd" = yes ]; then
    cp deploy/sysusers.d/camerahub.conf /usr/lib/sysusers.d/
    sed "s|/var/lib/camerahub|$home|; s|/var/backups/camerahub|$backups|" deploy/tmpfiles.d/camerahub.conf >/usr/lib/tmpfiles.d/camerahub.conf
    systemd-sysusers camerahub.conf
    systemd-tmpfiles --create camerahub.conf
    for unit in deploy/systemd/*; do
        sed "s|/opt/camerahub|$prefix|g; s|/var/lib/camerahub|$home|g; s|/var/backups/camerahub|$backups|g" "$unit" \
            >"/etc/systemd/system/$(basename "$unit")"
    done
    systemctl daemon-reload
    ln -sf "$prefix/current/bin/camerahub" /usr/local/bin/camerahub
    run() { runuser -u camerahub -- env CAMERAHUB_HOME="$home" "$@"; }
else
    mkdir -p "$home" "$backups" && chmod 700 "$home" "$backups"
fi

if [ ! -e "$home/camerahub.toml" ]; then
    run "$prefix/current/bin/camerahub" init
    # the nightly backup is the timer's; the doctor looks for it here
    run sed -i "s|^folder = \"\"|folder = \"$backups\"|; /^\[backup\]/,/^\[/s|^interval_s = .*|interval_s = 0.0|" "$home/camerahub.toml"
    run "$prefix/current/bin/camerahub" check-config
    echo "已安装. 下一步 / installed. Next:  camerahub doctor; camerahub import-areas; camerahub import; systemctl enable --now camerahub camerahub-backup.timer"
else
    echo "程序已更新. 下一步 / the program is new. Next:  systemctl restart camerahub  (先自动备份, 再升级数据库 / backs up, then upgrades the database)"
fi
