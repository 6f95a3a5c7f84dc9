# Somebody elsewhere at work: SSH, Telnet.

# --- SSH ----------------------------------------------------------------------------------------

ssh_keys() {
  ssh-keygen -q -t ed25519 -N '' -C CANARYUSER@station -f "$work/user"
  ssh-keygen -q -t ed25519 -N '' -C host -f "$work/host"
  ssh-keygen -q -t rsa -b 2048 -N '' -C host -f "$work/host-rsa"
  cp "$work/user.pub" "$work/authorized"
  chmod 711 "$work"
  chmod 600 "$work/authorized"
}

# The account is Debian's `sync`, whose only program is sync.
sshd_server() { # PORT [lines of sshd_config]
  local port=$1
  shift
  ssh_keys
  mkdir -p /run/sshd
  printf '%s\n' "Port $port" "HostKey $work/host" "HostKey $work/host-rsa" "PidFile none" 'UsePAM no' 'StrictModes no' \
    "AuthorizedKeysFile $work/authorized" 'PermitRootLogin prohibit-password' 'DebianBanner yes' \
    'ForceCommand echo CANARYNOTE' "$@" >"$work/sshd.conf"
  serve "$port" /usr/sbin/sshd -D -e -f "$work/sshd.conf"
}

ssh_ask() { # PORT ssh options
  local port=$1
  shift
  ask ssh -F none -p "$port" -i "$work/user" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$@" "root@$B" true
}

ssh_told() {
  peer server "$(debian sshd openssh-server)"
  peer client "$(debian ssh openssh-client)"
  say server_banner "$(head -c 300 <"$work/banner" | tr -d '\r\n')"
  say client_banner "$(ssh -V 2>&1 | sed 's/\(OpenSSH_[^ ]*\) \?\([^,]*\),.*/SSH-2.0-\1 \2/')"
  truly --sealed
}

# What the server says first, asked within its own namespace, where nobody records.
ssh_banner() { # PORT
  in_b bash -c "exec 3<>/dev/tcp/127.0.0.1/$1; head -n 1 <&3" >"$work/banner"
}

scenario_ssh_login() {
  begin ssh/login.pcap 'a login by key, a command; then one with old algorithms'
  sshd_server 22 'KexAlgorithms +diffie-hellman-group14-sha1' 'Ciphers +aes128-cbc' 'MACs +hmac-sha1'
  ssh_banner 22
  ssh_ask 22
  ssh_ask 22 -o KexAlgorithms=diffie-hellman-group14-sha1 -c aes128-cbc -m hmac-sha1 -o HostKeyAlgorithms=rsa-sha2-256
  ssh_told
  say kex 'sntrup761x25519-sha512@openssh.com' diffie-hellman-group14-sha1
  conclude ssh 22
}
scenario_ssh_odd_port() {
  begin ssh/odd-port.pcap 'a login by key on port 2200, a file copied by SFTP'
  sshd_server 2200 'Subsystem sftp internal-sftp'
  sed -i '/^ForceCommand/d' "$work/sshd.conf"
  kill "${servers[-1]}"; wait "${servers[-1]}" 2>/dev/null || true
  serve 2200 /usr/sbin/sshd -D -e -f "$work/sshd.conf"
  ssh_banner 2200
  ssh_ask 2200
  firmware "$work/firmware.bin" 2000
  printf 'put %s %s\n' "$work/firmware.bin" "$work/CANARYFILE.bin" >"$work/batch"
  ask sftp -F none -P 2200 -i "$work/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -b "$work/batch" "root@$B"
  ssh_told
  truly --decode-as tcp.port==2200,ssh
  conclude ssh 2200
}
scenario_ssh_dropbear() {
  begin ssh/dropbear.pcap "dropbear, as small devices have it: its client at its server, a wrong password"
  ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f "$work/rsa"
  dropbearkey -t ed25519 -f "$work/host" >/dev/null 2>&1
  serve 22 dropbear -F -E -r "$work/host" -p 22 -w
  ssh_banner 22
  try env DROPBEAR_PASSWORD=CANARYPASSWORD dbclient -y -y "nobody@$B" true
  try ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "nobody@$B" true
  peer server "$(debian dropbear dropbear-bin)"
  peer client "$(debian dbclient dropbear-bin), $(debian ssh openssh-client)"
  say server_banner "$(head -c 100 <"$work/banner" | tr -d '\r\n' | tr -cd ' -~')"
  truly --sealed
  conclude ssh 22
}
scenario_ssh_guesses() {
  begin ssh/guesses.pcap.gz 'a password guessed on twelve connections in a row, three guesses each'
  sshd_server 22 'PasswordAuthentication yes'
  ssh_banner 22
  printf '#!/bin/sh\necho CANARYPASSWORD\n' >"$work/askpass"
  chmod 755 "$work/askpass"
  local number
  for number in $(seq 12); do
    try env SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force ssh -F none -o PreferredAuthentications=password -o StrictHostKeyChecking=no \
      -o KexAlgorithms=curve25519-sha256 -o UserKnownHostsFile=/dev/null "games@$B" true
  done
  ssh_told
  say connections 12
  conclude ssh 22
}
scenario_ssh_banner() {
  begin ssh/banner.pcap 'scanners: one reads the banner and goes, one says HTTP, one says a banner of version 1, one sends nothing'
  sshd_server 22
  ssh_banner 22
  in_a bash -c "
    exec 3<>/dev/tcp/$B/22; head -n 1 <&3; exec 3>&-
    for said in 'GET /CANARYQUERY HTTP/1.0' 'SSH-1.5-InventedScanner_1.0' 'SSH-2.0-InventedScanner_2.0 CANARYNOTE'; do
      exec 3<>/dev/tcp/$B/22; printf '%s\r\n' \"\$said\" >&3; timeout 0.5 cat <&3; exec 3>&-
    done
    exec 3<>/dev/tcp/$B/22; sleep 0.3; exec 3>&-" >>"$work/client.out" 2>&1 || true
  peer server "$(debian sshd openssh-server)"
  peer client 'bash, sockets'
  say server_banner "$(tr -d '\r\n' <"$work/banner")"
  say client_banner 'SSH-1.5-InventedScanner_1.0' 'SSH-2.0-InventedScanner_2.0 CANARYNOTE'
  truly --tshark-differs 'after a client of version 1 tshark reads the version 2 of the server as version 1'
  conclude ssh 22
}

# --- Telnet -------------------------------------------------------------------------------------

telnet_server() { # PORT
  local port=$1
  cat >"$work/login" <<'SH'
#!/bin/bash
printf '\r\nInvented Devices Infusion Gateway 7\r\n'
for attempt in 1 2 3; do
  read -r -p 'login: ' user
  read -r -s -p 'Password: ' password
  printf '\r\n'
  if [[ $password == CANARYPASSWORD ]]; then
    printf 'Welcome to bed 4\r\n'
    while read -r -p '> ' command; do
      [[ $command != exit ]] || exit 0
      printf 'unknown: %s\r\n' "$command"
    done
    exit 0
  fi
  printf 'Login incorrect\r\n'
done
SH
  chmod 755 "$work/login"
  serve "$port" "$python" "$here/inetd.py" "$port" /usr/sbin/telnetd -h -E "$work/login"
}

telnet_asking() { # PORT
  in_a bash -c "
    { sleep 1; echo CANARYUSER; sleep 0.5; echo wrong; sleep 0.5; echo CANARYUSER; sleep 0.5; echo CANARYPASSWORD; sleep 0.5
      echo 'show CANARYFAMILY'; sleep 0.5; echo exit; sleep 0.5; } | timeout 20 telnet $B $1" >>"$work/client.out" 2>&1 || true
  peer server "$(debian telnetd inetutils-telnetd)"
  peer client "$(debian telnet inetutils-telnet)"
  say banner 'Invented Devices Infusion Gateway 7'
}

scenario_telnet_login() {
  begin telnet/login.pcap 'options negotiated, a wrong password, then the right one, a command, all in clear'
  telnet_server 23
  telnet_asking 23
  conclude telnet 23
}
scenario_telnet_odd_port() {
  begin telnet/odd-port.pcap 'the same on port 2323'
  telnet_server 2323
  telnet_asking 2323
  truly --decode-as tcp.port==2323,telnet
  conclude telnet 2323
}
scenario_telnet_guesses() {
  begin telnet/guesses.pcap 'three wrong passwords a connection, three connections, from a client that negotiates nothing'
  telnet_server 23
  local number
  for number in 1 2 3; do
    in_a bash -c "exec 3<>/dev/tcp/$B/23; sleep 0.3; for try in 1 2 3; do printf 'CANARYUSER\r\n' >&3; sleep 0.1; printf 'guess%s\r\n' \$try >&3; sleep 0.1; done; timeout 1 cat <&3" >>"$work/client.out" 2>&1 || true
  done
  peer server "$(debian telnetd inetutils-telnetd)"
  peer client 'bash, sockets'
  say banner 'Invented Devices Infusion Gateway 7'
  conclude telnet 23
}
