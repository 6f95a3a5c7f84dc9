# SNMP: net-snmp's agent, its clients and its receiver of traps.

readonly SNMP_DESCR='Invented Devices InfusionGateway 7, firmware 4.2.1' SNMP_NAME=infusion-gateway-07

snmp_server() { # PORT
  local port=$1
  export SNMP_PERSISTENT_DIR=$work/persistent MIBS=''
  cat >"$work/snmpd.conf" <<CONF
agentAddress udp:$port,udp6:[::]:$port
sysDescr $SNMP_DESCR
sysObjectID 1.3.6.1.4.1.99999.7.1
sysContact CANARYCONTACT, CANARYPHONE
sysName $SNMP_NAME
rocommunity public
rocommunity6 public
rwcommunity CANARYCOMMUNITY
createUser watcher SHA CANARYPASSWORD AES CANARYPASSWORD
createUser plain SHA CANARYPASSWORD
createUser CANARYUSER
rouser watcher priv
rouser plain auth
rouser CANARYUSER noauth
CONF
  start snmpd snmpd -f -Lo -C -c "$work/snmpd.conf" -p "$work/snmpd.pid"
  udp "$port"
}

snmp_told() {
  peer server "$(debian snmpd snmpd)"
  peer client "$(debian net-snmp snmp)"
  say sysDescr "$SNMP_DESCR"
  say sysObjectID 1.3.6.1.4.1.99999.7.1
  say sysName "$SNMP_NAME"
}

snmp_asking() { # PORT
  local at=$B:$1 oid=1.3.6.1.2.1.1
  ask snmpget -v1 -c public "$at" $oid.1.0 $oid.2.0 $oid.4.0
  ask snmpwalk -v1 -c public "$at" $oid
  ask snmpwalk -v2c -c public "$at" $oid
  ask snmpbulkwalk -v2c -c public "$at" $oid
  try snmpget -v1 -c public "$at" $oid.99.0  # noSuchName
  ask snmpget -v2c -c public "$at" $oid.99.0 # noSuchObject
  ask snmpset -v2c -c CANARYCOMMUNITY "$at" $oid.6.0 s CANARYLOCATION
  try snmpset -v2c -c public "$at" $oid.6.0 s elsewhere          # noAccess
  try snmpset -v2c -c CANARYCOMMUNITY "$at" $oid.1.0 s CANARYVALUE # notWritable
  try snmpget -v2c -c wrong -t 0.3 -r 0 "$at" $oid.1.0           # no answer
}

scenario_snmp_agent() {
  begin snmp/agent.pcap 'v1 and v2c: GET, GETNEXT, GETBULK, SET, their errors, a wrong community that nobody answers; once over IPv6'
  snmp_server 161
  snmp_asking 161
  ask snmpget -v2c -c public "udp6:[$B6]:161" 1.3.6.1.2.1.1.1.0
  snmp_told
  conclude snmp 161
}
scenario_snmp_odd_port() {
  begin snmp/odd-port.pcap 'the same questions to port 16100'
  snmp_server 16100
  snmp_asking 16100
  snmp_told
  truly --decode-as udp.port==16100,snmp
  conclude snmp 16100
}
scenario_snmp_v3() {
  begin snmp/v3.pcap 'v3: discovery of the engine; noAuthNoPriv, authNoPriv and authPriv; a wrong password, an unknown user'
  snmp_server 161
  local oid=1.3.6.1.2.1.1
  ask snmpwalk -v3 -u CANARYUSER -l noAuthNoPriv "$B" $oid.1
  try snmpget -r 0 -t 0.3 -v3 -u CANARYUSER -l noAuthNoPriv -n CANARYNOTE "$B" $oid.4.0
  ask snmpget -v3 -u plain -l authNoPriv -a SHA -A CANARYPASSWORD "$B" $oid.1.0 $oid.4.0
  ask snmpget -v3 -u watcher -l authPriv -a SHA -A CANARYPASSWORD -x AES -X CANARYPASSWORD "$B" $oid.1.0 $oid.4.0
  try snmpget -v3 -u watcher -l authPriv -a SHA -A wrongpassword -x AES -X wrongpassword -r 0 -t 0.5 "$B" $oid.1.0
  try snmpget -v3 -u nobody -l noAuthNoPriv -r 0 -t 0.5 "$B" $oid.1.0
  snmp_told
  conclude snmp 161
}
scenario_snmp_traps() {
  begin snmp/traps.pcap 'traps of v1 and v2c, an inform that is answered, a v3 trap'
  export SNMP_PERSISTENT_DIR=$work/persistent MIBS=''
  printf '%s\n' 'disableAuthorization yes' 'createUser -e 0x8000000001020304 watcher SHA CANARYPASSWORD AES CANARYPASSWORD' >"$work/snmptrapd.conf"
  start snmptrapd snmptrapd -f -Lo -C -c "$work/snmptrapd.conf" -p "$work/snmptrapd.pid" udp:162
  udp 162
  local of=1.3.6.1.4.1.99999.7
  ask snmptrap -v1 -c public "$B:162" $of.1 10.77.0.10 6 17 12345 $of.2.1 s 'occlusion, CANARYFAMILY bed 4'
  ask snmptrap -v1 -c public "$B:162" $of.1 10.77.0.10 0 0 12345
  ask snmptrap -v2c -c public "$B:162" 12345 $of.0.17 $of.2.1 s 'CANARYNOTE' $of.2.2 i 42
  ask snmpinform -v2c -c CANARYCOMMUNITY "$B:162" 12345 $of.0.18 $of.2.1 s 'CANARYDIAGNOSIS'
  ask snmptrap -v3 -e 0x8000000001020304 -u watcher -l authPriv -a SHA -A CANARYPASSWORD -x AES -X CANARYPASSWORD "$B:162" 12345 $of.0.17
  peer server "$(debian snmptrapd snmptrapd)"
  peer client "$(debian net-snmp snmp)"
  say enterprise $of.1
  conclude snmp 162
}
scenario_snmp_guesses() {
  begin snmp/guesses.pcap 'thirty communities tried in a row, one of them right'
  snmp_server 161
  local number
  for number in $(seq 15); do try snmpget -v2c -c "guess$number" -t 0.05 -r 0 "$B" 1.3.6.1.2.1.1.1.0; done
  try snmpget -v2c -c public -t 0.5 -r 0 "$B" 1.3.6.1.2.1.1.1.0
  for number in $(seq 14); do try snmpget -v1 -c "CANARYPASSWORD$number" -t 0.05 -r 0 "$B" 1.3.6.1.2.1.1.1.0; done
  snmp_told
  conclude snmp 161
}
