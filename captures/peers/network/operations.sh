# What keeps a network running: NTP, syslog.

# --- NTP ----------------------------------------------------------------------------------------

chrony_server() { # PORT [lines]
  local port=$1
  shift
  printf '%s\n' "port $port" 'local stratum 3' 'allow all' 'cmdport 0' "pidfile $work/chronyd.pid" 'bindcmdaddress /' "$@" >"$work/chrony.conf"
  # -x: the clock of this machine is not touched.
  start chronyd chronyd -d -x -u root -f "$work/chrony.conf"
  udp "$port"
}

ntp_told() {
  peer server "${1:-$(debian chronyd chrony)}"
  peer client "$(debian chronyd chrony), $(debian ntpdig ntpsec-ntpdig)"
  truly --sealed
}

# chronyd asks four times and says what it would do; its own clock stays.
ntp_asking() { # PORT
  try chronyd -t 8 -Q -x -u root -f /dev/null "server $B port $1 iburst maxsamples 4" 'cmdport 0' "pidfile $work/asking.pid" 'bindcmdaddress /'
  [[ $1 != 123 ]] || try ntpdig -t 1 "$B"
}

scenario_ntp_clients() {
  begin ntp/clients.pcap 'chronyd and ntpdig ask chronyd, stratum 3'
  chrony_server 123
  ntp_asking 123
  ntp_told
  say stratum 3
  conclude ntp 123
}
scenario_ntp_odd_port() {
  begin ntp/odd-port.pcap 'chronyd asks chronyd on port 1123, with authentication by a key'
  echo '7 SHA1 HEX:00112233445566778899AABBCCDDEEFF00112233' >"$work/keys"
  chrony_server 1123 "keyfile $work/keys"
  try chronyd -Q -x -u root -f /dev/null "server $B port 1123 iburst maxsamples 4 key 7" "keyfile $work/keys" 'cmdport 0' \
    "pidfile $work/asking.pid" 'bindcmdaddress /'
  ntp_told
  say stratum 3
  truly --decode-as udp.port==1123,ntp
  conclude ntp 1123
}
scenario_ntp_shifted() {
  begin ntp/shifted.pcap 'a server whose clock is an hour ahead'
  start ntp "$python" "$here/datagram_peer.py" ntp --port 123 --shift 3600
  udp 123
  ntp_asking 123
  ntp_told sockets
  say shift_seconds 3600
  say stratum 1
  say reference_id GPS
  conclude ntp 123
}
scenario_ntp_unsynchronised() {
  begin ntp/unsynchronised.pcap 'servers that have no time: leap 3 and stratum 16, then a kiss of death (RATE)'
  start ntp "$python" "$here/datagram_peer.py" ntp --port 123 --kiss
  udp 123
  ntp_asking 123
  ntp_told sockets
  say stratum 16 0
  say kiss RATE
  conclude ntp 123
}
scenario_ntp_control() {
  begin ntp/control.pcap 'what amplification asks: mode 6 READVAR, which is answered, and mode 7 MON_GETLIST, which is not'
  start ntp "$python" "$here/datagram_peer.py" ntp --port 123 --shift 0
  udp 123
  ask "$python" "$here/datagram_peer.py" ntp-control --host "$B" --port 123
  peer server sockets
  peer client sockets
  truly --sealed
  say readvar_system 'Linux/5.10 (invented)'
  conclude ntp 123
}

# --- syslog -------------------------------------------------------------------------------------

syslog_server() { # PORT
  local port=$1
  cat >"$work/rsyslog.conf" <<CONF
global(workDirectory="$work" net.enableDNS="off")
module(load="imudp") input(type="imudp" port="$port")
module(load="imtcp") input(type="imtcp" port="$port")
action(type="omfile" file="$work/messages")
CONF
  serve "$port" rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid"
  udp "$port"
}

# logger of a machine that has a name of its own.
logged() { ask unshare --uts sh -c 'hostname infusion-gateway-07; exec logger "$@"' logger "$@"; }

syslog_asking() { # PORT
  local port=$1 way form
  for way in --udp --tcp; do
    for form in --rfc3164 --rfc5424; do
      logged -n "$B" -P "$port" $way $form -t infusiond -p local4.warning 'occlusion, patient CANARYFAMILY CANARYGIVEN, bed 4'
      logged -n "$B" -P "$port" $way $form -t sshd -p auth.err --id=4711 'Failed password for CANARYUSER from 10.77.0.99 port 50122 ssh2'
      logged -n "$B" -P "$port" $way $form -t kernel -p kern.emerg 'CANARYNOTE'
    done
  done
  logged -n "$B" -P "$port" --udp --rfc5424 --sd-id 'patient@99999' --sd-param 'id="CANARY0001"' --msgid ALARM -t infusiond -p local4.alert 'air in line'
  logged -n "$B" -P "$port" --tcp --octet-count --rfc5424 -t infusiond -p local4.info "first line CANARYVALUE"
  printf 'CANARYDIAGNOSIS one\nCANARYDIAGNOSIS two\nthree\n' >"$work/lines"
  logged -n "$B" -P "$port" --tcp --octet-count --rfc5424 -t infusiond -p local4.info -f "$work/lines"
  logged -n "$B" -P "$port" --tcp --rfc3164 -t infusiond -p local4.info -f "$work/lines"
  peer server "$(debian rsyslogd rsyslog)"
  peer client "$(debian logger bsdutils)"
  say programs infusiond sshd kernel
  say hostname infusion-gateway-07
  say priorities local4.warning auth.err user.emerg local4.alert local4.info
}

scenario_syslog_messages() {
  begin syslog/messages.pcap 'RFC 3164 and RFC 5424 over UDP and TCP, by lines and by octet counts, structured data'
  syslog_server 514
  syslog_asking 514
  truly --decode-as tcp.port==514,syslog
  truly --tshark-differs 'tshark reads a segment of several messages over TCP as one'
  conclude syslog 514
}
scenario_syslog_odd_port() {
  begin syslog/odd-port.pcap 'the same to port 5140'
  syslog_server 5140
  syslog_asking 5140
  truly --decode-as udp.port==5140,syslog --decode-as tcp.port==5140,syslog
  truly --tshark-differs 'tshark reads a segment of several messages over TCP as one'
  conclude syslog 5140
}
scenario_syslog_forwarded() {
  begin syslog/forwarded.pcap 'rsyslogd forwards to rsyslogd: its own forms, over UDP, then TCP'
  syslog_server 514
  cat >"$work/sender.conf" <<CONF
global(workDirectory="$work" localHostname="infusion-gateway-07")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$work/log" CreatePath="on")
action(type="omfwd" target="$B" port="514" protocol="udp" template="RSYSLOG_TraditionalForwardFormat")
action(type="omfwd" target="$B" port="514" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format")
CONF
  start_in "$NS_A" sender rsyslogd -n -f "$work/sender.conf" -i "$work/sender.pid"
  sleep 1
  ask logger -u "$work/log" -t infusiond -p local4.warning 'occlusion, patient CANARYFAMILY'
  ask logger -u "$work/log" -t dosed -p daemon.notice 'CANARYNOTE'
  sleep 0.5
  peer server "$(debian rsyslogd rsyslog)"
  peer client "$(debian rsyslogd rsyslog)"
  say hostname infusion-gateway-07
  truly --decode-as tcp.port==514,syslog
  conclude syslog 514
}
