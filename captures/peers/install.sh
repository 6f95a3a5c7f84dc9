#!/usr/bin/env bash
# Installs the real implementations that make.sh records, on Debian 12: Debian packages and, into a
# virtual environment of their own (PEERS_VENV, default /opt/wardtap-peers), the pinned packages of requirements.txt.
# Needs root. Running it again changes nothing. Starts no service.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${PEERS_VENV:-/opt/wardtap-peers}

packages=(
  iproute2    # ip: namespaces, veth pairs
  procps      # sysctl
  ethtool     # offloads off, so that frames look as on a cable
  tcpdump     # records
  tshark      # checks what was recorded (and dumpcap, which records pcapng)
  dcmtk       # echoscu storescu storescp findscu movescu getscu dcmqrscp wlmscpfs
  orthanc     # DICOM server, with its modality-worklist plug-in
  mbpoll      # libmodbus's command-line client
  python3-venv
  # network/*.sh
  dnsmasq-base bind9-dnsutils avahi-daemon  # names: dnsmasq, dig, avahi-daemon
  udhcpc isc-dhcp-client                    # addresses
  nginx-light curl openssl                  # web
  samba samba-common-bin smbclient          # smbd, nmbd, smbpasswd, rpcclient, net, nmblookup
  vsftpd lftp tftpd-hpa tftp-hpa atftp      # files in clear
  snmpd snmp snmptrapd                      # management
  chrony ntpsec-ntpdig rsyslog bsdutils     # time, logs
  openssh-server openssh-client dropbear-bin inetutils-telnetd inetutils-telnet
  tigervnc-standalone-server tigervnc-tools xrdp freerdp2-x11 xvfb
  mosquitto mosquitto-clients
  lldpd wsdd miniupnpc                      # what neighbours are told
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  echo "install: Debian packages: ${missing[*]}"
  apt-get update -qq
  # None of the packages may start a daemon or ask a question.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "install: Debian packages: all there"
fi

# A Python that has no pip of its own in a virtual environment is Debian's without python3-venv.
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
echo "install: Python packages into $venv:" $(grep -v '^#' "$here/requirements.txt")
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"

echo "install: versions"
{
  dpkg-query -W -f='  ${Package} ${Version}\n' "${packages[@]}"
  "$venv/bin/pip" list --disable-pip-version-check --format=freeze 2>/dev/null |
    grep -iE '^(aioquic|bacpypes3|hl7|hl7apy|pydicom|pyftpdlib|pymodbus|pyModbusTCP|pynetdicom|vncdotool|WSDiscovery|zeroconf)==' | sed 's/^/  /'
}
