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
