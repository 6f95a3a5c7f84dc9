# What machines tell their neighbours: SSDP, WS-Discovery, LLDP and its kin, DHCP.

# --- SSDP ---------------------------------------------------------------------------------------

scenario_ssdp_device() {
  begin ssdp/device.pcap 'a device says alive, is searched for (by sockets, then by upnpc), says byebye'
  mkdir -p "$work/www"
  cat >"$work/www/CANARYFILE.xml" <<'XML'
<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType>
<friendlyName>CANARYFAMILY, bed 4</friendlyName><manufacturer>Invented Devices</manufacturer><modelName>Gateway 7</modelName></device></root>
XML
  serve 49152 python3 -m http.server -d "$work/www" 49152
  start ssdp "$python" "$here/datagram_peer.py" ssdp --host "$B" --port 1900
  udp 1900
  ask "$python" "$here/datagram_peer.py" ssdp-ask --host "$A" --port 1900
  try upnpc -m "$A" -l
  wait "${servers[-1]}" || true
  peer server sockets
  peer client "sockets, $(debian upnpc miniupnpc)"
  say server 'Linux/5.10 UPnP/1.1 InventedGateway/4.2.1'
  say user_agent 'InventedStation/1.0 UPnP/1.1'
  conclude ssdp 1900
}

# --- WS-Discovery -------------------------------------------------------------------------------

scenario_wsd_host() {
  begin wsd/host.pcap 'wsdd says Hello, is probed and resolved, its metadata fetched by HTTP, says Bye'
  start wsdd wsdd -i cable -4 -p -n CANARYPHONE -w WARD -U 5a5a0002-0000-1000-8000-025754000014
  udp 3702
  sleep 0.5
  ask "$python" "$here/wsd_peer.py" search --address "$A"
  in_a curl -sS -m 3 -H 'Content-Type: application/soap+xml' -d @- "http://$B:5357/5a5a0002-0000-1000-8000-025754000014" >>"$work/client.out" 2>&1 <<XML || true
<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"><soap:Header><wsa:To>urn:uuid:5a5a0002-0000-1000-8000-025754000014</wsa:To><wsa:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</wsa:Action><wsa:MessageID>urn:uuid:5a5a0003-0000-1000-8000-025754000014</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address></wsa:ReplyTo></soap:Header><soap:Body/></soap:Envelope>
XML
  for pid in $(ip netns pids "$NS_B"); do
    if grep -aq wsdd "/proc/$pid/cmdline"; then kill -TERM "$pid"; fi
  done
  sleep 0.5
  peer server "$(debian wsdd wsdd)"
  peer client "$(pypi WSDiscovery)"
  say hostname CANARYPHONE
  say uuid 5a5a0002-0000-1000-8000-025754000014
  say types wsdp:Device pub:Computer
  truly --tshark 'udp.port==3702'
  conclude wsd 3702 5357
}
scenario_wsd_camera() {
  begin wsd/camera.pcap 'a camera, as ONVIF has it: Hello, Probe, ProbeMatch with scopes that name a place'
  start wsd "$python" "$here/wsd_peer.py" publish --address "$B"
  udp 3702
  ask "$python" "$here/wsd_peer.py" search --address "$A"
  sleep 1
  peer server "$(pypi WSDiscovery)"
  peer client "$(pypi WSDiscovery)"
  say types tds:NetworkVideoTransmitter
  say scopes onvif://www.onvif.org/hardware/InventedCam-4 onvif://www.onvif.org/location/CANARYLOCATION
  truly --tshark 'udp.port==3702'
  conclude wsd 3702
}

# --- LLDP and its kin ---------------------------------------------------------------------------

# lldp SIDE NAME lldpd options: lldpd of a machine of that name.
lldp() {
  local ns=wardtap-peers-$1 side=$1 name=$2
  chmod 755 "$work" # lldpd becomes another user
  shift 2
  start_in "$ns" "lldpd-$side" unshare --uts sh -c 'hostname "$0"; mount -t tmpfs none /run/lldpd; exec lldpd "$@"' "$name" -d -I cable -u "$work/lldpd.$side" -O /dev/null "$@"
}

lldp_set() { # SIDE COMMAND...
  local side=$1
  shift
  "in_$side" timeout 5 lldpcli -u "$work/lldpd.$side" "$@" >>"$work/client.out" 2>&1
}

scenario_lldp_neighbours() {
  begin lldp/neighbours.pcap 'lldpd at both ends: chassis, port, system, capabilities, LLDP-MED inventory; a location and a description that name a person'
  lldp b switch-ward3 -S 'Invented Networks S24, firmware 9.1' -P S24 -M 4 -m "$B"
  lldp a infusion-gateway-07 -S "$SNMP_DESCR" -P 'InfusionGateway 7' -M 1 -m "$A"
  sleep 1
  lldp_set b configure lldp tx-interval 2
  lldp_set a configure lldp tx-interval 2
  lldp_set b configure ports cable lldp portidsubtype local 4 description 'bed 4, CANARYFAMILY'
  lldp_set b configure med location address country DE city CANARYCITY street CANARYSTREET || true
  sleep 4
  peer server "$(debian lldpd lldpd)"
  peer client "$(debian lldpd lldpd)"
  say system_name switch-ward3 infusion-gateway-07
  say system_description 'Invented Networks S24, firmware 9.1' "$SNMP_DESCR"
  conclude lldp
}
scenario_lldp_cdp() {
  begin lldp/cdp.pcap 'CDP version 2, FDP, EDP and SONMP of lldpd'
  lldp b switch-ward3 -S 'Invented Networks S24, firmware 9.1, CANARYNOTE' -P S24 -ccccc -ff -ee -ss -m "$B"
  sleep 1
  lldp_set b configure lldp tx-interval 1
  sleep 2
  peer server "$(debian lldpd lldpd)"
  say device_id switch-ward3
  say platform S24
  say software 'Invented Networks S24, firmware 9.1, CANARYNOTE'
  truly --tshark cdp
  conclude cdp
}

# --- DHCP ---------------------------------------------------------------------------------------

dhcp_server() { # NS LEASES-NAME dnsmasq options
  local ns=$1 name=$2
  shift 2
  start_in "$ns" "$name" dnsmasq -k --port=0 --user=root --pid-file= --no-ping --dhcp-leasefile="$work/$name.leases" "$@"
}

dhcp_ask() { # udhcpc options; the lease is not applied
  try udhcpc -i cable -f -q -n -t 3 -T 1 -s /bin/true "$@"
}

scenario_dhcp_lease() {
  begin dhcp/lease.pcap 'udhcpc: a gateway gets its address; a phone gets one, renews and releases it'
  dhcp_server "$NS_B" one --dhcp-range=10.77.0.100,10.77.0.150,1h --dhcp-authoritative --domain=hospital.test --dhcp-option=option:ntp-server,10.77.0.20
  udp 67
  dhcp_ask -x hostname:infusion-gateway-07 -V 'InventedGateway 4.2.1' -O 42 -O 66
  # shellcheck disable=SC2016
  printf '#!/bin/sh\n[ "$1" != bound ] || ip addr add "$ip/24" dev cable\n' >"$work/bound"
  chmod 755 "$work/bound"
  start_in "$NS_A" phone udhcpc -i cable -f -s "$work/bound" -x hostname:$PHONE -V invented-phone-12 -F "$PHONE" -x 0x3d:01025754aabbcc
  sleep 1
  local signal pid
  for signal in USR1 USR2; do # renew, release
    for pid in $(ip netns pids "$NS_A"); do
      if grep -aq udhcpc "/proc/$pid/cmdline" && [[ $(cat "/proc/$pid/comm") == udhcpc ]]; then kill -$signal "$pid"; fi
    done
    sleep 1
  done
  peer server "$(debian dnsmasq dnsmasq-base)"
  peer client "$(debian udhcpc busybox)"
  say hostname infusion-gateway-07 "$PHONE"
  say vendor_class 'InventedGateway 4.2.1' invented-phone-12
  say server_identifier "$B"
  conclude dhcp 67 68
}
scenario_dhcp_refused() {
  begin dhcp/refused.pcap 'dhclient asks again for the address it had elsewhere, is refused (NAK), and gets another'
  dhcp_server "$NS_B" one --dhcp-range=10.77.0.100,10.77.0.150,1h --dhcp-authoritative --domain=hospital.test
  udp 67
  cat >"$work/dhclient.conf" <<CONF
send host-name "$PHONE";
send vendor-class-identifier "MSFT 5.0";
CONF
  cat >"$work/leases" <<CONF
lease {
  interface "cable";
  fixed-address 10.99.0.7;
  option subnet-mask 255.255.255.0;
  option dhcp-server-identifier 10.99.0.1;
  option dhcp-lease-time 360000;
  renew 5 2036/11/30 00:00:00;
  rebind 5 2036/11/30 00:00:00;
  expire 5 2036/11/30 00:00:00;
}
CONF
  start_in "$NS_A" dhclient dhclient -d -sf /bin/true -cf "$work/dhclient.conf" -lf "$work/leases" -pf "$work/dhclient.pid" cable
  sleep 3
  peer server "$(debian dnsmasq dnsmasq-base)"
  peer client "$(debian dhclient isc-dhcp-client)"
  say hostname "$PHONE"
  say vendor_class 'MSFT 5.0'
  say server_identifier "$B"
  conclude dhcp 67 68
}
scenario_dhcp_two_servers() {
  begin dhcp/two-servers.pcap 'two servers answer: the second gives out a router and a name server of its own'
  ip netns add "$NS_C"
  ip -n "$NS_B" link add link cable name second type macvlan mode bridge
  ip -n "$NS_B" link set second netns "$NS_C"
  ip -n "$NS_C" link set second address 02:57:54:00:00:63
  ip -n "$NS_C" addr add 10.77.0.99/24 dev second
  ip -n "$NS_C" link set second up
  dhcp_server "$NS_B" one --dhcp-range=10.77.0.100,10.77.0.150,1h --dhcp-option=option:router,10.77.0.1 --dhcp-option=option:dns-server,10.77.0.20
  dhcp_server "$NS_C" two --dhcp-range=10.77.0.200,10.77.0.220,1h --dhcp-option=option:router,10.77.0.99 --dhcp-option=option:dns-server,10.77.0.99
  udp 67
  sleep 1
  dhcp_ask -x hostname:infusion-gateway-07 -V 'InventedGateway 4.2.1'
  dhcp_ask -x hostname:$PHONE
  peer server "$(debian dnsmasq dnsmasq-base)"
  peer second "$(debian dnsmasq dnsmasq-base)"
  peer client "$(debian udhcpc busybox)"
  say server_identifier "$B" 10.77.0.99
  conclude dhcp 67 68
}
