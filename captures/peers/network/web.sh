# HTTP, and TLS with what a certificate says.

readonly FHIR=/fhir/Patient DICOMWEB=/dicom-web/studies

# --- HTTP ---------------------------------------------------------------------------------------

nginx_server() { # PORT
  local port=$1
  mkdir -p "$work/www/files" "$work/www/upload" "$work/tmp"
  chmod 755 "$work"
  firmware "$work/firmware.bin"
  printf '<html><head><title>Infusion gateway 7</title></head><body>CANARYNOTE</body></html>\n' >"$work/www/index.html"
  touch "$work/www/files/CANARYFILE.pdf" "$work/www/files/log-1.txt"
  echo "CANARYUSER:$(openssl passwd -apr1 -salt wardtap CANARYPASSWORD)" >"$work/users"
  cat >"$work/nginx.conf" <<CONF
daemon off;
worker_processes 1;
user root;
pid $work/nginx.pid;
error_log $work/nginx.err;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $work/tmp; proxy_temp_path $work/tmp; fastcgi_temp_path $work/tmp; uwsgi_temp_path $work/tmp;
  scgi_temp_path $work/tmp;
  server {
    listen 0.0.0.0:$port;
    root $work/www;
    location $FHIR {
      default_type application/fhir+json;
      add_header Set-Cookie "session=CANARYCOOKIE; Path=/; HttpOnly";
      return 200 '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"CANARY0001","name":[{"family":"CANARYFAMILY"}]}}]}';
    }
    location $DICOMWEB {
      default_type application/dicom+json;
      return 200 '[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"CANARYFAMILY^CANARYGIVEN"}]}}]';
    }
    location /admin { auth_basic "pump administration"; auth_basic_user_file $work/users; return 200 'ok\n'; }
    location /files/ { autoindex on; }
    location /upload/ { dav_methods PUT DELETE MKCOL; }
    location /old { return 301 http://\$http_host/; }
    location /fails { return 503; }
  }
}
CONF
  serve "$port" nginx -e "$work/nginx.err" -c "$work/nginx.conf"
}

web_told() { # USER-AGENT...
  peer server "$(debian nginx nginx-light)"
  peer client "$(debian curl curl)"
  say server_header "nginx/$(dpkg-query -W -f='${Version}' nginx-light | sed 's/-.*//')"
  say user_agent "$@"
  truly --tshark http
}

curl_agent() { echo "curl/$(dpkg-query -W -f='${Version}' curl | sed 's/-.*//')"; }

web_asking() { # PORT
  local at=http://$B:$1
  ask curl -sS "$at/" "$at$FHIR?name=CANARYFAMILY&birthdate=1901-02-03" "$at$FHIR/CANARY0001" -H 'Accept: application/fhir+json'
  ask curl -sS "$at$DICOMWEB?PatientName=CANARYFAMILY*&limit=5" -A 'InventedModality/2.1 (CT-900)' -H 'Accept: application/dicom+json'
  ask curl -sS -I "$at/"
  ask curl -sS "$at/admin"                                   # 401
  ask curl -sS -u CANARYUSER:CANARYPASSWORD "$at/admin"      # 200, the password in clear
  ask curl -sS -H 'Authorization: Bearer CANARYTOKEN' "$at$FHIR?identifier=CANARYSOCIAL"
  ask curl -sS "$at/files/"                                  # answered in chunks
  ask curl -sS -L "$at/old"
  ask curl -sS "$at/nothing/CANARYFILE" "$at/fails"          # 404, 503
  ask curl -sS --data 'user=CANARYUSER&password=CANARYPASSWORD' "$at/login" # 404 or 405
  ask curl -sS --compressed -b 'session=CANARYCOOKIE' "$at/index.html"
}

scenario_http_requests() {
  begin http/requests.pcap 'FHIR and DICOMweb searches by name, HEAD, Basic and Bearer in clear, a form, an answer in chunks, 301, 401, 404, 503, keep-alive'
  nginx_server 80
  web_asking 80
  web_told "$(curl_agent)" 'InventedModality/2.1 (CT-900)'
  conclude http 80
}
scenario_http_odd_port() {
  begin http/odd-port.pcap 'the same requests to port 18042'
  nginx_server 18042
  web_asking 18042
  web_told "$(curl_agent)" 'InventedModality/2.1 (CT-900)'
  truly --decode-as tcp.port==18042,http
  conclude http 18042
}
scenario_http_upload() {
  begin http/upload.pcap 'PUT of firmware.bin with a length, with 100-continue, and in chunks; MKCOL and DELETE'
  nginx_server 8080
  local at=http://$B:8080/upload
  ask curl -sS -T "$work/firmware.bin" "$at/firmware.bin"
  ask curl -sS -T "$work/firmware.bin" -H 'Expect: 100-continue' "$at/firmware-2.bin"
  ask curl -sS -T "$work/firmware.bin" -H 'Transfer-Encoding: chunked' "$at/CANARYFILE.bin"
  ask curl -sS -X MKCOL "$at/folder/"
  ask curl -sS -X DELETE "$at/firmware-2.bin"
  ask curl -sS "$at/firmware.bin" -o "$work/fetched.bin"
  web_told "$(curl_agent)"
  conclude http 8080
}
scenario_http_pipelined() {
  begin http/pipelined.pcap 'five requests in one segment, a POST cut in its body, one byte by byte, HTTP/1.0, HTTP/0.9, four that are malformed'
  nginx_server 80
  ask "$python" "$here/http_raw.py" "$B" 80
  peer server "$(debian nginx nginx-light)"
  peer client 'sockets'
  say user_agent InventedPump/3.0
  conclude http 80
}
scenario_http_python() {
  begin http/python.pcap "a device's small server (HTTP/1.0, closes after each answer), asked by Python's client"
  mkdir -p "$work/www"
  echo 'CANARYNOTE' >"$work/www/CANARYFILE.txt"
  serve 8000 python3 -m http.server -d "$work/www" 8000
  ask python3 -c "
import urllib.request
for path in ('/', '/CANARYFILE.txt', '/?patient=CANARY0001'):
    urllib.request.urlopen('http://$B:8000' + path).read()"
  peer server "python http.server $(python3 -c 'import platform; print(platform.python_version())')"
  peer client "python urllib $(python3 -c 'import platform; print(platform.python_version())')"
  say server_header "$(python3 -c 'import http.server as s, sys; h = s.SimpleHTTPRequestHandler; print(h.server_version + " " + h.sys_version)')"
  say user_agent "Python-urllib/$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  truly --decode-as tcp.port==8000,http
  conclude http 8000
}
scenario_http_orthanc() {
  begin http/orthanc.pcap 'the REST interface of Orthanc on port 8042: an image posted, found by name, read, a login refused'
  "$python" "$here/dicom_data.py" "$work/objects"
  mkdir -p "$work/orthanc"
  cat >"$work/orthanc.json" <<JSON
{ "Name": "archive", "DicomServerEnabled": false, "HttpPort": 8042, "RemoteAccessAllowed": true, "AuthenticationEnabled": true,
  "RegisteredUsers": { "CANARYUSER": "CANARYPASSWORD" }, "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc" }
JSON
  serve 8042 Orthanc "$work/orthanc.json"
  local at=http://$B:8042 login=(-u CANARYUSER:CANARYPASSWORD)
  ask curl -sS "$at/system"
  ask curl -sS "${login[@]}" "$at/system"
  ask curl -sS "${login[@]}" --data-binary "@$work/objects/image1.dcm" "$at/instances"
  ask curl -sS "${login[@]}" "$at/tools/find" -d '{"Level":"Patient","Query":{"PatientName":"CANARYFAMILY*"},"Expand":true}'
  ask curl -sS "${login[@]}" "$at/patients" "$at/statistics"
  peer server "$(debian Orthanc orthanc)"
  peer client "$(debian curl curl)"
  say user_agent "$(curl_agent)"
  truly --decode-as tcp.port==8042,http
  conclude http 8042
}
scenario_http_scan() {
  begin http/scan.pcap 'forty paths that a scanner tries in a row, nearly all 404'
  nginx_server 80
  local number paths=()
  for number in $(seq 36); do paths+=("http://$B/admin$number.php"); done
  ask curl -sS --path-as-is -A 'InventedScanner/1.0' "${paths[@]}" "http://$B/.git/config" "http://$B/../../etc/passwd" "http://$B/cgi-bin/CANARYQUERY" "http://$B/old"
  web_told 'InventedScanner/1.0'
  conclude http 80
}

# --- TLS ----------------------------------------------------------------------------------------

# certificate NAME SUBJECT FROM UNTIL KEY DIGEST: $work/NAME.pem and NAME.key, self-signed. Dates as YYYYMMDD.
certificate() {
  local name=$1 subject=$2 from=$3 until=$4 key=$5 digest=$6
  local bits=(-newkey "$key" -nodes)
  [[ $key != ec ]] || bits=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  cat >"$work/$name.cnf" <<CONF
[ca]
default_ca = own
[own]
new_certs_dir = $work
database = $work/$name.db
rand_serial = yes
policy = any
default_md = $digest
x509_extensions = names
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
[names]
subjectAltName = DNS:${subject##*CN=}
CONF
  touch "$work/$name.db"
  openssl req "${bits[@]}" -keyout "$work/$name.key" -out "$work/$name.csr" -subj "$subject" -"$digest" 2>/dev/null
  openssl ca -batch -notext -selfsign -config "$work/$name.cnf" -in "$work/$name.csr" -keyfile "$work/$name.key" \
    -startdate "${from}000000Z" -enddate "${until}000000Z" -out "$work/$name.pem" -outdir "$work" 2>"$work/$name.log" ||
    { cat "$work/$name.log" >&2; return 1; }
  say subject "$subject"
  say not_before "$from"
  say not_after "$until"
  say key "$key"
  say digest "$digest"
}

readonly PUMP_SUBJECT='/C=DE/O=Invented Devices/OU=Infusion/CN=infusion-gateway-07.hospital.test'

tls_server() { # PORT openssl s_server options
  local port=$1
  shift
  serve "$port" openssl s_server -accept "$port" -www "$@"
}

tls_ask() { # PORT openssl s_client options; a request that holds a name, sealed
  local port=$1
  shift
  pipe 'GET /fhir/Patient?name=CANARYFAMILY HTTP/1.0\r\n\r\n' openssl s_client -connect "$B:$port" "$@"
}

tls_told() { # VERSION...
  peer server "$(debian 'openssl s_server' openssl)"
  peer client "$(debian "${client:-openssl s_client}" "${client_package:-openssl}")"
  say version "$@"
}

scenario_tls_tls13() {
  begin tls/tls13.pcap 'TLS 1.3 on port 443, server name and ALPN; a second connection resumes the first'
  certificate pump "$PUMP_SUBJECT" 20250101 20350101 ec sha256
  tls_server 443 -cert "$work/pump.pem" -key "$work/pump.key" -alpn http/1.1
  tls_ask 443 -tls1_3 -servername infusion-gateway-07.hospital.test -alpn h2,http/1.1 -sess_out "$work/session"
  tls_ask 443 -tls1_3 -servername infusion-gateway-07.hospital.test -alpn h2,http/1.1 -sess_in "$work/session"
  tls_told 'TLS 1.3'
  say server_name infusion-gateway-07.hospital.test
  say alpn http/1.1
  truly --sealed
  conclude tls 443
}
scenario_tls_retry() {
  begin tls/retry.pcap 'TLS 1.3 with a HelloRetryRequest: the server wants another group'
  certificate pump "$PUMP_SUBJECT" 20250101 20350101 ec sha256
  tls_server 443 -cert "$work/pump.pem" -key "$work/pump.key" -groups P-384
  tls_ask 443 -tls1_3 -servername infusion-gateway-07.hospital.test
  tls_told 'TLS 1.3'
  say server_name infusion-gateway-07.hospital.test
  truly --sealed
  conclude tls 443
}
scenario_tls_tls12() {
  begin tls/tls12.pcap 'TLS 1.2 on port 443: ECDHE, then the session resumed, then RSA key exchange, then DHE; the certificate in clear'
  certificate pump "$PUMP_SUBJECT" 20250101 20350101 rsa:2048 sha256
  tls_server 443 -cert "$work/pump.pem" -key "$work/pump.key"
  tls_ask 443 -tls1_2 -servername infusion-gateway-07.hospital.test -sess_out "$work/session"
  tls_ask 443 -tls1_2 -servername infusion-gateway-07.hospital.test -sess_in "$work/session"
  tls_ask 443 -tls1_2 -servername infusion-gateway-07.hospital.test -cipher AES128-SHA256
  tls_ask 443 -tls1_2 -noservername -cipher DHE-RSA-AES256-GCM-SHA384
  tls_told 'TLS 1.2'
  say server_name infusion-gateway-07.hospital.test
  truly --sealed
  conclude tls 443
}
scenario_tls_expired() {
  begin tls/expired.pcap 'TLS 1.2 on port 8443 with a certificate that ran out years ago, of SHA-1'
  certificate pump '/O=Invented Devices/CN=ventilator-03.hospital.test' 20150101 20180101 rsa:2048 sha1
  tls_server 8443 -cert "$work/pump.pem" -key "$work/pump.key" -cipher 'ALL:@SECLEVEL=0'
  tls_ask 8443 -tls1_2 -servername ventilator-03.hospital.test -cipher 'ALL:@SECLEVEL=0'
  tls_told 'TLS 1.2'
  truly --sealed
  conclude tls 8443
}
scenario_tls_old() {
  begin tls/old.pcap 'TLS 1.0, then TLS 1.1, a key of 1024 bits, CBC suites; the certificate names a person'
  certificate old '/O=Invented Devices/OU=CANARYDOCTOR/CN=monitor-12.hospital.test' 20100101 20400101 rsa:1024 sha1
  tls_server 443 -cert "$work/old.pem" -key "$work/old.key" -cipher 'ALL:@SECLEVEL=0'
  tls_ask 443 -tls1 -cipher 'ALL:@SECLEVEL=0'
  tls_ask 443 -tls1_1 -cipher 'ALL:@SECLEVEL=0'
  tls_told 'TLS 1.0' 'TLS 1.1'
  conclude tls 443
}
scenario_tls_mutual() {
  begin tls/mutual.pcap "mutual TLS 1.2 on the odd port 50443, then 1.3; the client's certificate names a person"
  certificate client '/O=St Invented Hospital/CN=CANARYDOCTOR' 20250101 20350101 ec sha256
  say client_subject '/O=St Invented Hospital/CN=CANARYDOCTOR'
  certificate pump "$PUMP_SUBJECT" 20250101 20350101 rsa:2048 sha256
  tls_server 50443 -cert "$work/pump.pem" -key "$work/pump.key" -Verify 1 -CAfile "$work/client.pem"
  tls_ask 50443 -tls1_2 -cert "$work/client.pem" -key "$work/client.key"
  tls_ask 50443 -tls1_3 -cert "$work/client.pem" -key "$work/client.key"
  tls_ask 50443 -tls1_2 # no certificate: refused with an alert
  tls_told 'TLS 1.2' 'TLS 1.3'
  truly --decode-as tcp.port==50443,tls
  conclude tls 50443
}
scenario_tls_refused() {
  begin tls/refused.pcap 'handshakes that fail: no version in common, no group in common, a clear request to the TLS port'
  certificate pump "$PUMP_SUBJECT" 20250101 20350101 ec sha256
  tls_server 443 -cert "$work/pump.pem" -key "$work/pump.key" -tls1_3
  tls_ask 443 -tls1_2
  tls_ask 443 -tls1 -cipher 'ALL:@SECLEVEL=0'
  tls_ask 443 -tls1_3 -groups P-521 -sigalgs RSA+SHA256
  try curl -sS "http://$B:443/fhir/Patient?name=CANARYFAMILY"
  tls_told 'TLS 1.3'
  conclude tls 443
}
scenario_tls_dicom() {
  begin tls/dicom.pcap 'DICOM over TLS on port 2762: a C-ECHO and a C-STORE of dcmtk, sealed'
  "$python" "$here/dicom_data.py" "$work/objects"
  certificate archive '/O=Invented Devices/CN=archive.hospital.test' 20250101 20350101 rsa:2048 sha256
  serve 2762 storescp +tls "$work/archive.key" "$work/archive.pem" -ic --ignore -aet ARCHIVE 2762
  ask echoscu +tla -ic -aet STATION -aec ARCHIVE "$B" 2762
  ask storescu +tla -ic -R -aet STATION -aec ARCHIVE "$B" 2762 "$work/objects/image1.dcm"
  peer server "$(debian storescp dcmtk)"
  peer client "$(debian 'echoscu, storescu' dcmtk)"
  truly --sealed --decode-as tcp.port==2762,tls
  conclude tls 2762
}
scenario_tls_browser() {
  begin tls/browser.pcap 'nginx with HTTP/2 over TLS 1.3, asked by curl, then HTTP/1.1 over TLS 1.2'
  certificate pump "$PUMP_SUBJECT" 20250101 20350101 rsa:2048 sha256
  mkdir -p "$work/tmp"
  cat >"$work/nginx.conf" <<CONF
daemon off;
user root;
pid $work/nginx.pid;
error_log $work/nginx.err;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $work/tmp; proxy_temp_path $work/tmp; fastcgi_temp_path $work/tmp; uwsgi_temp_path $work/tmp;
  scgi_temp_path $work/tmp;
  server { listen 443 ssl http2; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate $work/pump.pem; ssl_certificate_key $work/pump.key; return 200 'CANARYFAMILY\n'; }
}
CONF
  serve 443 nginx -e "$work/nginx.err" -c "$work/nginx.conf"
  ask curl -sSk --resolve "infusion-gateway-07.hospital.test:443:$B" 'https://infusion-gateway-07.hospital.test/fhir/Patient?name=CANARYFAMILY'
  ask curl -sSk --tls-max 1.2 --http1.1 "https://$B/"
  peer server "$(debian nginx nginx-light)"
  peer client "$(debian curl curl)"
  say server_name infusion-gateway-07.hospital.test
  say alpn h2
  truly --sealed
  conclude tls 443
}

# --- QUIC ---------------------------------------------------------------------------------------

quic_server() { # PORT quic_peer.py options
  local port=$1
  shift
  [[ -e $work/pump.pem ]] || certificate pump "$PUMP_SUBJECT" 20250101 20350101 ec sha256
  start "quic-$port" "$python" "$here/quic_peer.py" serve --address "$B" --port "$port" --certificate "$work/pump.pem" --key "$work/pump.key" "$@"
  udp "$port"
}

quic_ask() { # PORT quic_peer.py options; a request that holds a name, sealed
  local port=$1
  shift
  ask "$python" "$here/quic_peer.py" ask --address "$B" --port "$port" --name infusion-gateway-07.hospital.test "$@"
}

quic_told() { # PORT...
  peer server "$(pypi aioquic)"
  peer client "$(pypi aioquic)"
  say version 1 2
  say server_name infusion-gateway-07.hospital.test
  truly --sealed
  conclude quic "$@"
}

scenario_quic_versions() {
  begin quic/versions.pcap 'HTTP/3 on port 443: version 1, a hello of two datagrams, version 2'
  quic_server 443 --version 1 --version 2
  quic_ask 443
  quic_ask 443 --longer 60
  quic_ask 443 --version 2
  say alpn h3
  quic_told 443
}
scenario_quic_retry() {
  begin quic/retry.pcap 'odd ports: a server that wants its client to come again with a token, and one that knows version 2 only'
  quic_server 4433 --retry
  quic_server 4434 --version 2
  quic_ask 4433 --protocol hq-interop
  quic_ask 4434 --version 1 --version 2 --protocol hq-interop
  say alpn hq-interop
  quic_told 4433 4434
}
