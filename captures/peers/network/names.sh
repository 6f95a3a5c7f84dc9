# Names and addresses: DNS, multicast DNS, NetBIOS names, LLMNR.

readonly PHONE=CANARYPHONE-of-CANARYGIVEN # a person's own device, as people name them

# --- DNS ----------------------------------------------------------------------------------------

dns_server() { # PORT
  local port=$1
  cat >"$work/dnsmasq.conf" <<CONF
no-resolv
no-hosts
user=root
pid-file=
port=$port
local=/hospital.test/10.in-addr.arpa/
local=/invalid/
auth-ttl=300
host-record=pacs.hospital.test,10.77.3.4,fd77:3::4
host-record=pump-017.ward3.hospital.test,10.77.3.17
host-record=$PHONE.guests.hospital.test,10.77.9.9
cname=archive.hospital.test,pacs.hospital.test
srv-host=_dicom._tcp.hospital.test,pacs.hospital.test,11112,10,5
txt-record=hospital.test,v=spf1 -all
txt-record=notes.hospital.test,CANARYNOTE of CANARYFAMILY
mx-host=hospital.test,pacs.hospital.test,10
address=/sinkhole.test/0.0.0.0
CONF
  start dnsmasq dnsmasq -k -C "$work/dnsmasq.conf"
  udp "$port"
}

dig_all() { # dig options
  local question
  for question in 'pacs.hospital.test A' 'pacs.hospital.test AAAA' 'archive.hospital.test A' '-x 10.77.3.17' \
    'hospital.test TXT' 'notes.hospital.test TXT' '_dicom._tcp.hospital.test SRV' 'hospital.test MX' \
    'pump-999.ward3.hospital.test A' 'www.sinkhole.test A' "$PHONE.guests.hospital.test A" 'update.vendor.test A' \
    'pump-017.ward3.hospital.test HTTPS' 'hospital.test ANY +noedns' 'version.bind TXT CH'; do
    # shellcheck disable=SC2086
    try dig +tries=1 +time=2 "$@" "@$B" $question
  done
}

dns_told() {
  peer server "$(debian dnsmasq dnsmasq-base)"
  peer client "$(debian dig bind9-dnsutils)"
  say version_bind "dnsmasq-$(dpkg-query -W -f='${Version}' dnsmasq-base | sed 's/-.*//')"
}

scenario_dns_questions() {
  begin dns/questions.pcap 'A, AAAA, CNAME, PTR, TXT, SRV, MX, HTTPS, ANY, version.bind; NXDOMAIN, REFUSED; then two over IPv6'
  dns_server 53
  dig_all
  try dig +tries=1 "@$B6" pacs.hospital.test AAAA
  try dig +tries=1 +dnssec "@$B6" archive.hospital.test A
  dns_told
  say nxdomain pump-999.ward3.hospital.test
  say refused update.vendor.test
  conclude dns 53
}
scenario_dns_tcp() {
  begin dns/tcp.pcap 'the same questions over TCP: one a connection, then three on one connection'
  dns_server 53
  dig_all +tcp
  try dig +tcp +keepopen "@$B" pacs.hospital.test A pacs.hospital.test AAAA archive.hospital.test A
  dns_told
  conclude dns 53
}
scenario_dns_odd_port() {
  begin dns/odd-port.pcap 'questions to a server on port 5300, over UDP and TCP'
  dns_server 5300
  dig_all -p 5300
  try dig -p 5300 +tcp "@$B" pacs.hospital.test A
  try dig -p 5300 +tcp "@$B" notes.hospital.test TXT
  dns_told
  truly --decode-as udp.port==5300,dns --decode-as tcp.port==5300,dns
  conclude dns 5300
}
scenario_dns_silent() {
  begin dns/silent.pcap 'a resolver that is asked again and again and is not there: ICMP port unreachable'
  try dig +tries=3 +time=1 "@$B" pacs.hospital.test A
  try dig +tries=3 +time=1 "@$B" "$PHONE.guests.hospital.test" A
  peer client "$(debian dig bind9-dnsutils)"
  conclude dns 53
}

scenario_dns_truncated() {
  begin dns/truncated.pcap 'an answer that does not fit: truncated over UDP, asked for again over TCP; then with a large EDNS buffer, in two IP fragments'
  dns_server 53
  local number
  for number in $(seq 9); do
    echo "txt-record=long.hospital.test,CANARYNOTE $number $(tunnel_label "$number")$(tunnel_label "x$number")$(tunnel_label "y$number")$(tunnel_label "z$number")" >>"$work/dnsmasq.conf"
  done
  echo 'edns-packet-max=4096' >>"$work/dnsmasq.conf"
  kill "${servers[-1]}"
  wait "${servers[-1]}" 2>/dev/null || true
  start dnsmasq dnsmasq -k -C "$work/dnsmasq.conf"
  udp 53
  try dig +noedns "@$B" long.hospital.test TXT
  try dig +bufsize=4096 "@$B" long.hospital.test TXT
  dns_told
  conclude dns 53
}
scenario_dns_transfer() {
  begin dns/transfer.pcap 'a zone handed over whole (AXFR), then refused for another; SOA and NS before'
  cat >"$work/dnsmasq.conf" <<CONF
no-resolv
no-hosts
user=root
pid-file=
auth-server=ns.hospital.test,cable
auth-zone=hospital.test,10.77.3.0/24
auth-peer=$A
auth-soa=7,hostmaster.hospital.test
host-record=pacs.hospital.test,10.77.3.4
host-record=pump-017.hospital.test,10.77.3.17
host-record=$PHONE.hospital.test,10.77.3.99
txt-record=notes.hospital.test,CANARYNOTE
CONF
  start dnsmasq dnsmasq -k -C "$work/dnsmasq.conf"
  udp 53
  try dig "@$B" hospital.test SOA
  try dig "@$B" hospital.test NS
  try dig "@$B" hospital.test AXFR
  try dig +time=1 "@$B" other.test AXFR
  dns_told
  say zone hospital.test
  conclude dns 53
}

tunnel_label() { # N: 40 characters that look random and are the same at every run
  printf 'label %s' "$1" | sha256sum | cut -c1-40 | tr 0-9 g-p
}

scenario_dns_tunnel() {
  begin dns/tunnel.pcap 'sixty long TXT questions of random-looking names below one domain, each answered with as much: a tunnel'
  cat >"$work/dnsmasq.conf" <<CONF
no-resolv
no-hosts
user=root
pid-file=
local=/relay.test/
CONF
  local number
  for number in $(seq 60); do
    echo "txt-record=$(tunnel_label "a$number").$(tunnel_label "b$number").t.relay.test,$(tunnel_label "c$number")$(tunnel_label "d$number")" >>"$work/dnsmasq.conf"
  done
  echo 'txt-record=end.t.relay.test,CANARYVALUE' >>"$work/dnsmasq.conf"
  start dnsmasq dnsmasq -k -C "$work/dnsmasq.conf"
  udp 53
  for number in $(seq 60); do
    printf '@%s %s.%s.t.relay.test TXT\n' "$B" "$(tunnel_label "a$number")" "$(tunnel_label "b$number")"
  done >"$work/questions"
  echo "@$B end.t.relay.test TXT" >>"$work/questions"
  ask dig +noedns -f "$work/questions"
  dns_told
  say domain t.relay.test
  say questions 61
  conclude dns 53
}

# --- multicast DNS ------------------------------------------------------------------------------

avahi_server() { # COMMAND... : avahi-daemon in b, with services of its own in place of Debian's
  mkdir -p "$work/services"
  cat >"$work/services/gateway.service" <<'XML'
<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name>Infusion gateway 7</name>
  <service><type>_http._tcp</type><port>80</port><txt-record>path=/</txt-record></service>
  <service><type>_dicom._tcp</type><port>11112</port></service>
</service-group>
XML
  cat >"$work/services/printer.service" <<'XML'
<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name>Label printer CANARYNOTE</name>
  <service><type>_ipp._tcp</type><port>631</port><txt-record>ty=Invented LabelWriter 3</txt-record><txt-record>note=CANARYLOCATION</txt-record></service>
</service-group>
XML
  printf '%s\n' '[server]' 'host-name=infusion-gateway-07' 'use-ipv4=yes' 'use-ipv6=no' 'enable-dbus=no' 'allow-interfaces=cable' \
    'disallow-other-stacks=no' '[publish]' 'publish-workstation=yes' 'publish-hinfo=yes' >"$work/avahi.conf"
  chmod -R a+rX "$work"
  # In a mount namespace of its own, which `ip netns exec` made.
  start avahi sh -c "mount --bind '$work/services' /etc/avahi/services; mount -t tmpfs none /run/avahi-daemon; exec avahi-daemon -f '$work/avahi.conf' --no-drop-root --no-chroot --no-rlimits"
  udp 5353
}

scenario_mdns_avahi() {
  begin mdns/avahi.pcap 'avahi probes, announces a gateway and a printer, is browsed and asked, says goodbye'
  avahi_server
  sleep 1.5
  ask "$python" "$here/mdns_peer.py" browse --address "$A" --seconds 2 --type _http._tcp.local. --type _dicom._tcp.local. \
    --type _ipp._tcp.local. --type _workstation._tcp.local. --type _services._dns-sd._udp.local.
  for pid in $(in_b pidof avahi-daemon); do
    [[ $(ip netns identify "$pid") != "$NS_B" ]] || kill -TERM "$pid"
  done
  sleep 0.5
  peer server "$(debian avahi-daemon avahi-daemon)"
  peer client "$(pypi zeroconf)"
  say hostname infusion-gateway-07.local
  say services '_http._tcp' '_dicom._tcp' '_ipp._tcp' '_workstation._tcp'
  conclude mdns 5353
}
scenario_mdns_zeroconf() {
  begin mdns/zeroconf.pcap "a person's phone and a monitor announce themselves (zeroconf), both browse, dig asks by unicast from a port of its own"
  start monitor "$python" "$here/mdns_peer.py" publish --address "$B" --host monitor-12 --instance 'Monitor 12' --type _http._tcp.local. --text fw=4.2.1
  udp 5353
  ask "$python" "$here/mdns_peer.py" publish --address "$A" --host "$PHONE" --instance "$PHONE" --type _companion-link._tcp.local. \
    --text rpMd=InventedPhone12,1 --seconds 3
  ask "$python" "$here/mdns_peer.py" browse --address "$A" --seconds 1 --type _http._tcp.local.
  try dig +tries=1 +time=2 -p 5353 "@$B" monitor-12.local A
  try dig +tries=1 +time=2 -p 5353 @224.0.0.251 monitor-12.local A
  peer server "$(pypi zeroconf)"
  peer client "$(pypi zeroconf), $(debian dig bind9-dnsutils)"
  say hostname monitor-12.local "$PHONE.local"
  say services '_http._tcp' '_companion-link._tcp'
  conclude mdns 5353
}

# --- NetBIOS names ------------------------------------------------------------------------------

scenario_nbns_names() {
  begin nbns/names.pcap 'nmbd registers its names and announces itself; names asked for by broadcast, one that is there, one that nobody has; node status'
  mkdir -p "$work/samba"
  cat >"$work/smb.conf" <<CONF
[global]
  workgroup = WARD
  netbios name = ARCHIVE01
  netbios aliases = CANARYGIVEN
  server string = CANARYNOTE archive
  interfaces = $B/24
  bind interfaces only = yes
  lock directory = $work/samba
  state directory = $work/samba
  cache directory = $work/samba
  private dir = $work/samba
  pid directory = $work/samba
  log file = $work/samba/log
  os level = 2
CONF
  start nmbd nmbd -F --no-process-group -s "$work/smb.conf"
  udp 137
  sleep 10 # registration is repeated, and each name waits for objections
  try nmblookup -s "$work/smb.conf" -B 10.77.0.255 ARCHIVE01
  try nmblookup -s "$work/smb.conf" -B 10.77.0.255 'ARCHIVE01#20'
  try nmblookup -s "$work/smb.conf" -B 10.77.0.255 CANARYPHONE
  try nmblookup -s "$work/smb.conf" -A "$B"
  try nmblookup -s "$work/smb.conf" -U "$B" -R ARCHIVE01
  peer server "$(debian nmbd samba)"
  peer client "$(debian nmblookup samba-common-bin)"
  say names 'ARCHIVE01' 'CANARYGIVEN'
  say workgroup WARD
  conclude nbns 137 138
}
scenario_nbns_poisoned() {
  begin nbns/poisoned.pcap 'one that answers whatever name is asked for with its own address'
  start poison "$python" "$here/datagram_peer.py" nbns-poison --port 137 --own "$B"
  udp 137
  printf '[global]\n  netbios name = STATION07\n  lock directory = %s\n' "$work" >"$work/client.conf"
  try nmblookup -s "$work/client.conf" -B 10.77.0.255 FILESRV01
  try nmblookup -s "$work/client.conf" -B 10.77.0.255 CANARYPHONE
  try nmblookup -s "$work/client.conf" -B 10.77.0.255 WPAD
  peer server sockets
  peer client "$(debian nmblookup samba-common-bin)"
  say poisoned FILESRV01 CANARYPHONE WPAD
  truly --sealed # the names are in NetBIOS's own half-bytes
  conclude nbns 137
}

# --- LLMNR --------------------------------------------------------------------------------------

scenario_llmnr_names() {
  begin llmnr/names.pcap 'A and AAAA of a name that is there, of one that nobody has, the reverse, also over IPv6'
  start llmnr "$python" "$here/datagram_peer.py" llmnr --port 5355 --own "$B" --name station-07
  udp 5355
  ask "$python" "$here/datagram_peer.py" llmnr-ask --host "$A" --port 5355 --name station-07 --name FILESRV01 --name CANARYPHONE
  peer server sockets
  peer client sockets
  say names station-07
  conclude llmnr 5355
}
scenario_llmnr_poisoned() {
  begin llmnr/poisoned.pcap 'one that answers whatever name is asked for with its own address'
  start llmnr "$python" "$here/datagram_peer.py" llmnr --port 5355 --own "$B"
  udp 5355
  ask "$python" "$here/datagram_peer.py" llmnr-ask --host "$A" --port 5355 --name FILESRV01 --name CANARYPHONE --name wpad
  peer server sockets
  peer client sockets
  say poisoned FILESRV01 CANARYPHONE wpad
  conclude llmnr 5355
}
