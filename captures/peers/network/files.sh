# Files that are carried in clear: FTP, TFTP.

# --- FTP ----------------------------------------------------------------------------------------

pyftpd_server() { # PORT
  local port=$1
  mkdir -p "$work/ftp"
  firmware "$work/firmware.bin"
  echo 'CANARYNOTE of CANARYFAMILY' >"$work/ftp/CANARYFILE.txt"
  serve "$port" "$python" -m pyftpdlib -i 0.0.0.0 -p "$port" -w -d "$work/ftp" -u CANARYUSER -P CANARYPASSWORD
}

ftp_told() {
  peer server "$(pypi pyftpdlib)"
  peer client "$(debian curl curl), $(debian lftp lftp)"
  say banner "pyftpdlib $("$python" -c 'import pyftpdlib; print(pyftpdlib.__ver__)') ready."
}

ftp_asking() { # PORT
  local at=ftp://$B:$1 login=(-u CANARYUSER:CANARYPASSWORD)
  ask curl -sS "${login[@]}" "$at/"                                                       # EPSV, LIST
  ask curl -sS "${login[@]}" "$at/CANARYFILE.txt" --disable-epsv                          # PASV, RETR
  ask curl -sS "${login[@]}" -T "$work/firmware.bin" "$at/firmware.bin"                   # STOR
  ask curl -sS "${login[@]}" -T "$work/firmware.bin" "$at/CANARYFAMILY/new.bin" --ftp-create-dirs
  ask curl -sS "${login[@]}" -P "$A" --disable-eprt "$at/firmware.bin" -o "$work/back.bin" # PORT, RETR
  ask curl -sS "${login[@]}" -P "$A" "$at/"                                               # EPRT, LIST
  try curl -sS -u CANARYUSER:wrong "$at/"                                                 # 530
  try curl -sS "${login[@]}" "$at/missing.bin"                                            # 550
  ask curl -sS "${login[@]}" -Q 'RNFR firmware.bin' -Q 'RNTO CANARYFILE.bin' -Q 'DELE CANARYFILE.bin' -Q SYST -Q FEAT "$at/"
}

scenario_ftp_transfers() {
  begin ftp/transfers.pcap 'logins in clear, LIST, RETR and STOR of firmware.bin, passive and active (PASV, EPSV, PORT, EPRT), RNTO, DELE, refusals'
  pyftpd_server 21
  ftp_asking 21
  ftp_told
  conclude ftp 21
}
scenario_ftp_odd_port() {
  begin ftp/odd-port.pcap 'the same on port 2100'
  pyftpd_server 2100
  ftp_asking 2100
  ftp_told
  truly --decode-as tcp.port==2100,ftp
  conclude ftp 2100
}
scenario_ftp_ipv6() {
  begin ftp/ipv6.pcap 'LIST and RETR over IPv6, passive and active'
  mkdir -p "$work/ftp"
  echo 'CANARYNOTE of CANARYFAMILY' >"$work/ftp/CANARYFILE.txt"
  serve 21 "$python" -m pyftpdlib -i :: -p 21 -d "$work/ftp" -u CANARYUSER -P CANARYPASSWORD
  ask curl -sS -g -u CANARYUSER:CANARYPASSWORD "ftp://[$B6]/CANARYFILE.txt"
  ask curl -sS -g -u CANARYUSER:CANARYPASSWORD -P "$A6" "ftp://[$B6]/CANARYFILE.txt"
  ftp_told
  conclude ftp 21
}
scenario_ftp_anonymous() {
  begin ftp/anonymous.pcap 'vsftpd, anonymous: lftp lists, fetches and puts; then AUTH TLS, which it does not know'
  mkdir -p "$work/ftp/incoming" "$work/empty"
  chmod 755 "$work" "$work/ftp"
  chmod 777 "$work/ftp/incoming"
  echo 'CANARYNOTE' >"$work/ftp/CANARYFILE.txt"
  firmware "$work/firmware.bin"
  printf '%s\n' listen=YES listen_ipv6=NO listen_port=21 anonymous_enable=YES local_enable=NO write_enable=YES \
    anon_upload_enable=YES anon_root="$work/ftp" secure_chroot_dir="$work/empty" background=NO seccomp_sandbox=NO \
    'ftpd_banner=Invented archive, ward 3' no_anon_password=NO >"$work/vsftpd.conf"
  serve 21 vsftpd "$work/vsftpd.conf"
  ask lftp -c "set ftp:ssl-allow no; set net:max-retries 1; open -u anonymous,CANARYUSER@hospital.test ftp://$B; ls; get CANARYFILE.txt -o $work/got; cd incoming; put $work/firmware.bin"
  try curl -sS --ssl -u anonymous:CANARYCONTACT "ftp://$B/"
  peer server "$(debian vsftpd vsftpd)"
  peer client "$(debian lftp lftp), $(debian curl curl)"
  say banner 'Invented archive, ward 3'
  conclude ftp 21
}
scenario_ftp_tls() {
  begin ftp/tls.pcap 'AUTH TLS on port 21: the login and the transfers are sealed'
  mkdir -p "$work/ftp" "$work/empty"
  chmod 755 "$work" "$work/ftp"
  echo 'CANARYNOTE' >"$work/ftp/CANARYFILE.txt"
  certificate archive '/O=Invented Devices/CN=archive.hospital.test' 20250101 20350101 ec sha256
  printf '%s\n' listen=YES listen_ipv6=NO listen_port=21 anonymous_enable=YES local_enable=NO anon_root="$work/ftp" \
    secure_chroot_dir="$work/empty" background=NO seccomp_sandbox=NO ssl_enable=YES allow_anon_ssl=YES \
    rsa_cert_file="$work/archive.pem" rsa_private_key_file="$work/archive.key" require_ssl_reuse=NO ssl_ciphers=HIGH \
    'ftpd_banner=Invented archive, ward 3' >"$work/vsftpd.conf"
  serve 21 vsftpd "$work/vsftpd.conf"
  ask curl -sSk --ssl-reqd -u anonymous:CANARYCONTACT "ftp://$B/CANARYFILE.txt"
  peer server "$(debian vsftpd vsftpd)"
  peer client "$(debian curl curl)"
  say banner 'Invented archive, ward 3'
  truly --sealed
  conclude ftp 21
}

# --- TFTP ---------------------------------------------------------------------------------------

tftpd_server() { # PORT
  local port=$1
  mkdir -p "$work/tftp"
  firmware "$work/firmware.bin"
  printf 'CANARYNOTE of CANARYFAMILY\n' >"$work/tftp/CANARYFILE.cfg"
  firmware "$work/tftp/boot.bin" 2048
  chmod -R a+rwX "$work"
  start tftpd in.tftpd -L -c -p -u root --address "0.0.0.0:$port" -s "$work/tftp"
  udp "$port"
}

tftp_asking() { # PORT
  local port=$1
  ask tftp -m binary "$B" "$port" -c get CANARYFILE.cfg "$work/got.cfg"
  ask tftp -m ascii "$B" "$port" -c get CANARYFILE.cfg "$work/got.cfg"
  ask tftp -m binary "$B" "$port" -c put "$work/firmware.bin" firmware.bin
  try tftp -m binary "$B" "$port" -c get missing.bin "$work/missing.bin" # error 1
  ask atftp --option 'blksize 1024' --option tsize --option 'timeout 2' -g -r boot.bin -l "$work/got.bin" "$B" "$port"
  ask atftp --option 'blksize 1024' -p -l "$work/firmware.bin" -r firmware-2.bin "$B" "$port"
  peer server "$(debian in.tftpd tftpd-hpa)"
  peer client "$(debian tftp tftp-hpa), $(debian atftp atftp)"
}

scenario_tftp_transfers() {
  begin tftp/transfers.pcap 'RRQ and WRQ of firmware.bin, octet and netascii, options blksize, tsize, timeout; a file that is missing, one of whole blocks'
  tftpd_server 69
  tftp_asking 69
  conclude tftp 69
}
scenario_tftp_odd_port() {
  begin tftp/odd-port.pcap 'the same on port 6900'
  tftpd_server 6900
  tftp_asking 6900
  truly --decode-as udp.port==6900,tftp
  conclude tftp 6900
}
scenario_tftp_dnsmasq() {
  begin tftp/dnsmasq.pcap "dnsmasq's server, as network boot has it: fetched with options, a write refused"
  mkdir -p "$work/tftp"
  firmware "$work/tftp/pxelinux.0" 1500
  printf 'CANARYNOTE\n' >"$work/tftp/CANARYFILE.cfg"
  chmod -R a+rX "$work"
  start dnsmasq dnsmasq -k --port=0 --user=root --pid-file= --enable-tftp --tftp-root="$work/tftp"
  udp 69
  ask atftp --option 'blksize 1400' --option tsize -g -r pxelinux.0 -l "$work/got" "$B" 69
  ask atftp -g -r CANARYFILE.cfg -l "$work/got" "$B" 69
  try atftp -p -l "$work/got" -r CANARYFILE.new "$B" 69
  peer server "$(debian dnsmasq dnsmasq-base)"
  peer client "$(debian atftp atftp)"
  conclude tftp 69
}
