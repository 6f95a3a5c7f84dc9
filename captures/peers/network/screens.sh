# Screens of other machines: VNC, RDP.

# --- VNC ----------------------------------------------------------------------------------------

vnc_server() { # PORT Xtigervnc options
  local port=$1
  shift
  serve "$port" Xtigervnc :77 -rfbport "$port" -geometry 64x48 -depth 16 -desktop 'CANARYFAMILY, bed 4' -nolisten local \
    -nolisten unix -listen tcp -fp built-ins -AcceptSetDesktopSize=0 "$@"
}

vnc_asking() { # PORT vncdo options
  local port=$1
  shift
  try "$(dirname "$python")/vncdo" -t 10 -s "$B::$port" "$@" move 10 10 click 1 type CANARYNOTE key enter capture "$work/screen.png"
}

vnc_told() {
  peer server "$(debian Xtigervnc tigervnc-standalone-server)"
  peer client "$(pypi vncdotool)"
  say protocol_version 'RFB 003.008'
  say desktop_name 'CANARYFAMILY, bed 4'
  say size 64x48
}

scenario_vnc_open() {
  begin vnc/open.pcap 'no password: keys, mouse and a picture'
  vnc_server 5900 -SecurityTypes None
  vnc_asking 5900
  vnc_told
  say security None
  conclude vnc 5900
}
scenario_vnc_password() {
  begin vnc/password.pcap 'VNC authentication: a wrong password twice, then the right one'
  printf 'CANARYPA\n' | tigervncpasswd -f >"$work/passwd"
  vnc_server 5901 -SecurityTypes VncAuth -PasswordFile "$work/passwd"
  vnc_asking 5901 -p wrong
  vnc_asking 5901 -p wronger
  vnc_asking 5901 -p CANARYPA
  vnc_told
  say security 'VNC authentication'
  conclude vnc 5901
}
scenario_vnc_odd_port() {
  begin vnc/odd-port.pcap 'no password, on port 15900'
  vnc_server 15900 -SecurityTypes None
  vnc_asking 15900
  vnc_told
  say security None
  truly --decode-as tcp.port==15900,vnc
  conclude vnc 15900
}
scenario_vnc_tls() {
  begin vnc/tls.pcap 'a server that offers only VeNCrypt, to a client that does not know it'
  vnc_server 5900 -SecurityTypes TLSVnc,X509Vnc -PasswordFile /dev/null
  vnc_asking 5900
  peer server "$(debian Xtigervnc tigervnc-standalone-server)"
  peer client "$(pypi vncdotool)"
  say protocol_version 'RFB 003.008'
  say security VeNCrypt
  truly --sealed
  conclude vnc 5900
}

# --- RDP ----------------------------------------------------------------------------------------

rdp_server() { # PORT SECURITY
  local port=$1
  certificate rdp '/O=Invented Devices/CN=console-02.hospital.test' 20250101 20350101 rsa:2048 sha256
  sed -E "s/^port=3389/port=$port/; s/^security_layer=.*/security_layer=$2/; s#^certificate=.*#certificate=$work/rdp.pem#; \
s#^key_file=.*#key_file=$work/rdp.key#; s#^LogFile=.*#LogFile=$work/xrdp.log#; s/^(enable_token_login|fork)=.*/\1=false/" \
    /etc/xrdp/xrdp.ini >"$work/xrdp.ini"
  mkdir -p /run/xrdp
  serve "$port" xrdp --nodaemon --config "$work/xrdp.ini"
}

rdp_asking() { # PORT SECURITY
  start_in "$NS_A" display Xvfb :78 -screen 0 640x480x16 -nolisten unix -nolisten local -listen tcp -ac
  local try
  for try in $(seq 100); do
    [[ -z $(in_a ss -Hltn 'sport = :6078') ]] || break
    sleep 0.05
  done
  try env DISPLAY=127.0.0.1:78 timeout 3 xfreerdp /v:"$B:$1" /u:CANARYUSER /p:CANARYPASSWORD /d:WARD /cert:ignore /sec:"$2" \
    /client-hostname:CANARYPHONE /size:200x200 /bpp:8 /log-level:ERROR
}

rdp_told() {
  peer server "$(debian xrdp xrdp)"
  peer client "$(debian xfreerdp freerdp2-x11)"
  say cookie 'mstshash=CANARYUSER'
  say security "$1"
}

scenario_rdp_tls() {
  begin rdp/tls.pcap 'X.224 request with a cookie, TLS chosen'
  rdp_server 3389 tls
  rdp_asking 3389 tls
  rdp_told TLS
  truly --tshark tpkt
  conclude rdp 3389
}
scenario_rdp_standard() {
  begin rdp/standard.pcap 'the old security of RDP: the name of the client and its wishes in clear, then RC4'
  rdp_server 3389 rdp
  rdp_asking 3389 rdp
  rdp_told RDP
  conclude rdp 3389
}
scenario_rdp_refused() {
  begin rdp/refused.pcap 'the client insists on CredSSP, which the server does not have'
  rdp_server 3389 rdp
  rdp_asking 3389 nla
  rdp_told RDP
  truly --tshark tpkt
  conclude rdp 3389
}
scenario_rdp_odd_port() {
  begin rdp/odd-port.pcap 'TLS on port 33890'
  rdp_server 33890 tls
  rdp_asking 33890 tls
  rdp_told TLS
  truly --tshark tpkt --decode-as tcp.port==33890,tpkt
  conclude rdp 33890
}
