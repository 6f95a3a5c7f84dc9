# SMB: samba's server and clients.

smb_server() { # PORT [lines of smb.conf]
  local port=$1
  shift
  mkdir -p "$work/samba/private" "$work/images" "$work/home"
  chmod 755 "$work"
  echo "games = CANARYUSER" >"$work/samba/users"
  cat >"$work/smb.conf" <<CONF
[global]
  workgroup = WARD
  netbios name = ARCHIVE01
  server string = Invented archive
  server role = standalone server
  smb ports = $port
  bind interfaces only = no
  username map = $work/samba/users
  map to guest = never
  private dir = $work/samba/private
  lock directory = $work/samba
  state directory = $work/samba
  cache directory = $work/samba
  pid directory = $work/samba
  ncalrpc dir = $work/samba/ncalrpc
  log file = $work/samba/log
  load printers = no
  printcap name = /dev/null
  disable spoolss = yes
$(printf '  %s\n' "$@")
[images]
  path = $work/images
  force user = root
  writable = yes
[CANARYFILE\$]
  path = $work/home
  force user = root
  writable = yes
CONF
  # The account is Debian's `games`, as which nobody can log in; the client's name of it is the invented one.
  printf 'CANARYPASSWORD\nCANARYPASSWORD\n' | smbpasswd -c "$work/smb.conf" -s -a games >/dev/null
  serve "$port" smbd -F --no-process-group -s "$work/smb.conf"
}

readonly SMB_LOGIN='WARD\CANARYUSER%CANARYPASSWORD'
smb() { ask smbclient -s "$work/client.conf" -U "$SMB_LOGIN" "$@"; } # ARGUMENTS

smb_files() { # [the least that the client takes]; below SMB 2 it would list workgroups too, on port 139
  printf '[global]\n  workgroup = WARD\n  netbios name = STATION07\n  client min protocol = %s\n  name resolve order = host\n  lock directory = %s\n' "${1:-SMB2_02}" "$work/client" >"$work/client.conf"
  mkdir -p "$work/client"
  head -c 1500 /dev/zero | tr '\0' 'i' >"$work/image.dcm"
  firmware "$work/firmware.bin" 2000
}

smb_work() { # smbclient options
  smb "//$B/images" "$@" -c "ls; mkdir CANARYFAMILY_CANARYGIVEN; put $work/image.dcm CANARYFAMILY_CANARYGIVEN\\CANARYFILE.dcm; \
put $work/firmware.bin firmware.bin; get CANARYFAMILY_CANARYGIVEN\\CANARYFILE.dcm $work/back.dcm; rename firmware.bin firmware.old; \
del firmware.old; get missing.dcm; ls"
}

smb_told() { # DIALECT...
  peer server "$(debian smbd samba)"
  peer client "$(debian smbclient smbclient)"
  say dialect "$@"
  say server_name ARCHIVE01
  say domain WARD
  say shares images 'CANARYFILE$' 'IPC$'
}

smb_session() { # FILE SHOWS DIALECT-OPTION DIALECT PORT [smb.conf lines]
  local path=$1 what=$2 option=$3 dialect=$4 port=$5
  shift 5
  begin "$path" "$what"
  if [[ $option == NT1 ]]; then
    smb_files NT1
  else
    smb_files
  fi
  smb_server "$port" "$@"
  smb -p "$port" -m "$option" -L "//$B"
  smb_work -p "$port" -m "$option"
  smb_told "$dialect"
}

scenario_smb_session() {
  smb_session smb/session.pcap 'SMB 3.1.1, not encrypted: shares listed, folder, write, read, rename, delete, a file that is missing' SMB3_11 3.1.1 445
  conclude smb2 445
}
scenario_smb_smb2() {
  smb_session smb/smb2.pcap 'SMB 2.0.2: the same work' SMB2_02 2.0.2 445 'server max protocol = SMB2_02'
  conclude smb2 445
}
scenario_smb_smb1() {
  smb_session smb/smb1.pcap 'SMB 1 (NT LM 0.12): the same work, and the workgroup asked for on port 139' NT1 'NT LM 0.12' 445 'smb ports = 445 139' 'server min protocol = NT1' 'server max protocol = NT1'
  truly --tshark smb
  conclude smb 445 139
}
scenario_smb_netbios() {
  smb_session smb/netbios.pcap 'SMB 2.1 in a NetBIOS session, on port 139' SMB2_10 2.1 139 'server max protocol = SMB2_10'
  truly --tshark smb2
  conclude smb2 139
}
scenario_smb_sealed() {
  smb_session smb/sealed.pcap 'SMB 3.1.1 whose share must be encrypted: transform headers' SMB3_11 3.1.1 445 'smb encrypt = required'
  conclude smb2 445
}
scenario_smb_odd_port() {
  smb_session smb/odd-port.pcap 'SMB 3.0 on port 4450' SMB3_00 3.0 4450 'server max protocol = SMB3_00'
  truly --decode-as tcp.port==4450,nbss --tshark-differs "tshark reads the NegTokenInit2 of a server as NegTokenInit where the port is none of SMB's"
  conclude smb2 4450
}
scenario_smb_refused() {
  begin smb/refused.pcap 'wrong passwords five times, nobody, a share that is not there, then the right one'
  smb_files
  smb_server 445
  local number
  for number in 1 2 3 4 5; do try smbclient -s "$work/client.conf" -U "WARD\\CANARYUSER%wrong$number" "//$B/images" -c ls; done
  try smbclient -s "$work/client.conf" -N -U '' "//$B/images" -c ls
  try smbclient -s "$work/client.conf" -U "$SMB_LOGIN" "//$B/ADMIN\$" -c ls
  smb "//$B/images" -c ls
  smb_told 3.1.1
  conclude smb2 445
}
scenario_smb_rpc() {
  begin smb/rpc.pcap "what lateral movement asks first: IPC$ and its pipes srvsvc, lsarpc, samr, svcctl"
  smb_files
  smb_server 445
  local command
  for command in srvinfo netshareenum lsaquery enumdomusers; do
    try rpcclient -s "$work/client.conf" -U "$SMB_LOGIN" "$B" -c $command
  done
  try net -s "$work/client.conf" -U "$SMB_LOGIN" -S "$B" rpc service list
  smb_told 3.1.1
  conclude smb2 445
}
scenario_smb_encrypt() {
  begin smb/encrypt.pcap.gz 'forty files read, written anew and renamed to an ending of their own, as fast as it goes, then a note: as ransomware does'
  smb_files
  smb_server 445 'smb2 max credits = 512'
  local number commands=''
  for number in $(seq 40); do
    printf 'DICM CANARYFAMILY %s %300s' "$number" x >"$work/images/CANARYFILE-$number.dcm"
    head -c 300 /dev/urandom >"$work/sealed-$number"
    commands+="get CANARYFILE-$number.dcm $work/read; put $work/sealed-$number CANARYFILE-$number.dcm; rename CANARYFILE-$number.dcm CANARYFILE-$number.dcm.locked; "
  done
  echo 'all your files' >"$work/note"
  smb "//$B/images" -m SMB3_11 -c "$commands put $work/note READ_ME.txt"
  smb_told 3.1.1
  say renamed 40
  conclude smb2 445
}
