#!/usr/bin/env bash
# Installs the tools that make.sh records, on Debian 12, and two Python packages into a virtual environment of their own
# (TOOLS_VENV, default /opt/wardtap-tools). Needs root. Starts no service.
set -euo pipefail
venv=${TOOLS_VENV:-/opt/wardtap-tools}
packages=(
  iproute2 procps ethtool tcpdump tshark python3-venv # the laboratory
  nmap hydra hping3 dsniff onesixtyone slowhttptest dhcpstarv iodine # the attacker's
  dcmtk mbpoll smbclient netcat-openbsd iputils-ping # everyday tools in wrong hands
  samba openssh-server nginx-light dnsmasq snmpd udhcpc # who is attacked
)
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check pymodbus==3.16.1 pydicom==3.0.2
