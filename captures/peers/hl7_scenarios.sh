# The HL7 scenarios of make.sh, which reads this file.

lab='' # options of the laboratory for the next hl7_pair

hl7_pair() { # FILE SHOWS SERVER-MODE SENDER PORT ENCODING [truth options]
  local path=$1 what=$2 server=$3 sender=$4 port=$5 encoding=$6 library
  shift 6
  begin "$path" "$what" $lab
  serve "$port" "$python" "$here/hl7_peer.py" serve "$server" --port "$port" --encoding "$encoding" --log "$work/server.jsonl"
  ask "$python" "$here/hl7_peer.py" send "$sender" --host "$B" --port "$port" --log "$work/client.jsonl"
  case $server in library) library='python-hl7' ;; *) library="sockets, mode $server" ;; esac
  case $sender in feeds) sender='python-hl7, feeds' ;; *) sender="sockets, $sender" ;; esac
  finish --port "$port" --peer "server=$library" --peer "client=$sender" "$@"
}

scenario_hl7_feeds() {
  hl7_pair hl7/feeds.pcap 'ADT, ORM, ORU, SIU, MDM and DFT on one connection, each acknowledged: AA, AE and AR' \
    library feeds 2575 ascii
}
scenario_hl7_latin1() {
  hl7_pair hl7/latin1.pcap 'text in ISO 8859-1, named in MSH-18' library latin1 6661 latin-1
}
scenario_hl7_separators() {
  hl7_pair hl7/separators.pcap 'messages with separators of their own, each ACK in the same' plain separators 6661 ascii
}
scenario_hl7_line_ends() {
  hl7_pair hl7/line-ends.pcap 'CR LF instead of CR, no CR after the last segment, both' plain line-ends 6661 ascii
}
scenario_hl7_versions() {
  hl7_pair hl7/versions.pcap 'one admission in each version from 2.1 to 2.8.2' plain versions 6661 ascii
}
scenario_hl7_pipelined() {
  hl7_pair hl7/pipelined.pcap 'five messages in one send, one byte by byte, one with its end block cut in two' \
    plain pipelined 2575 ascii
}
scenario_hl7_split_end() {
  hl7_pair hl7/split-end.pcap 'FS and CR of every block, both ways, in segments of their own' split split 2575 ascii
}
scenario_hl7_batch() {
  hl7_pair hl7/batch.pcap 'FHS/BHS...BTS/FTS and BHS...BTS in one block each, answered by batches of ACKs' plain batch 5000 ascii \
    --tshark-differs 'tshark does not dissect a block that begins with FHS or BHS'
}
scenario_hl7_commit() {
  hl7_pair hl7/commit.pcap 'MLLP release 2: commit bytes 06 and 15 in blocks of their own' commit commit 5000 ascii \
    --tshark-differs 'tshark calls a block that holds a commit byte malformed'
}
scenario_hl7_attachment() {
  lab=offload
  hl7_pair hl7/attachment.pcap.gz 'a result with a base64 document of over 100 kB, over a sender with segmentation offload' \
    plain attachment 6661 ascii
}
scenario_hl7_stale_ack() {
  hl7_pair hl7/stale-ack.pcap 'a server that repeats its first ACK, whatever it is sent' stale stale 2575 ascii
}
scenario_hl7_no_ack() {
  hl7_pair hl7/no-ack.pcap 'a message that is never acknowledged, sent twice, then the sender gives up' mute never 2575 ascii
}
scenario_hl7_nak_storm() {
  hl7_pair hl7/nak-storm.pcap 'sixty messages, all refused with AR or AE' storm storm 2575 ascii
}
