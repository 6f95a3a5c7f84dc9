# The DICOM scenarios of make.sh, which reads this file.

readonly STUDY_UID=1.2.826.0.1.3680043.10.77.19010203.1

objects() { "$python" "$here/dicom_data.py" "$work/objects"; }

# dcmtk TOOL...: a dcmtk SCU in a; its debug log becomes the client's.
dcmtk() {
  (cd "$work" && ask_into dcmtk.log "$@" -d)
}

ask_into() { # LOG TOOL ARGUMENTS... LAST (the option that must come first after the tool)
  local log=$1 tool=$2
  shift 2
  if ! timeout "$PEER_SECONDS" ip netns exec "$NS_A" "$tool" "${@: -1}" "${@:1:$#-1}" >>"$log" 2>&1; then
    echo "make: $file: failed: $tool" >&2
    tail -20 "$log" >&2
    return 1
  fi
}

dcmtk_truth() { # PORT SERVER CLIENT [dcmtk_log options]
  local port=$1 server=$2 client=$3
  shift 3
  "$python" "$here/dcmtk_log.py" "$work/dcmtk.log" "$@" >"$work/client.jsonl"
  finish --port "$port" --count client --peer "server=$server" --peer "client=$client"
}

scenario_dicom_echo() {
  begin dicom/echo.pcap 'C-ECHO three times on one association, on port 104'
  serve 104 storescp -d --ignore 104
  dcmtk echoscu -aet STATION -aec ARCHIVE --repeat 3 "$B" 104
  dcmtk_truth 104 'dcmtk storescp' 'dcmtk echoscu'
}
scenario_dicom_store() {
  begin dicom/store.pcap 'C-STORE of four images; the last one a file with MZ in its preamble, which C-STORE does not send'
  objects
  serve 11112 storescp -d --ignore 11112
  dcmtk storescu -R -aet STATION -aec ARCHIVE "$B" 11112 objects/image1.dcm objects/image2.dcm objects/image3.dcm objects/infected.dcm
  dcmtk_truth 11112 'dcmtk storescp' 'dcmtk storescu'
}

qr_server() {
  mkdir -p "$work/archive"
  printf '%s\n' 'NetworkTCPPort = 11112' 'MaxPDUSize = 16384' 'MaxAssociations = 16' 'HostTable BEGIN' \
    "station = (STATION, $A, 11113)" 'HostTable END' 'VendorTable BEGIN' 'VendorTable END' 'AETable BEGIN' \
    "ARCHIVE $work/archive RW (100, 1024mb) ANY" 'AETable END' >"$work/archive.cfg"
  objects
  serve 11112 dcmqrscp -d -c "$work/archive.cfg"
  dcmtk storescu -R -aet STATION -aec ARCHIVE "$B" 11112 objects/image1.dcm objects/image2.dcm
}

scenario_dicom_find() {
  begin dicom/find.pcap 'C-STORE of two images, then C-FIND at study, series and image level'
  qr_server
  dcmtk findscu -S -aet STATION -aec ARCHIVE -k QueryRetrieveLevel=STUDY -k PatientID=CANARY0001 -k StudyInstanceUID -k PatientName "$B" 11112
  dcmtk findscu -S -aet STATION -aec ARCHIVE -k QueryRetrieveLevel=SERIES -k StudyInstanceUID=$STUDY_UID -k SeriesInstanceUID "$B" 11112
  dcmtk findscu -S -aet STATION -aec ARCHIVE -k QueryRetrieveLevel=IMAGE -k StudyInstanceUID=$STUDY_UID \
    -k SeriesInstanceUID=$STUDY_UID.1 -k SOPInstanceUID "$B" 11112
  dcmtk_truth 11112 'dcmtk dcmqrscp' 'dcmtk storescu, findscu'
}
scenario_dicom_move() {
  begin dicom/move.pcap 'C-STORE of two images, then C-MOVE of the study to the asking station: an association the other way'
  qr_server
  dcmtk movescu -S -aet STATION -aem STATION -aec ARCHIVE +P 11113 -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=$STUDY_UID "$B" 11112
  sleep 0.3
  dcmtk_truth 11112 'dcmtk dcmqrscp' 'dcmtk storescu, movescu' --sub-releases "$work/server.11112.out"
}
scenario_dicom_get() {
  begin dicom/get.pcap 'C-STORE of two images, then C-GET of the study: C-STORE requests from the archive'
  qr_server
  dcmtk getscu -S -aet STATION -aec ARCHIVE -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=$STUDY_UID "$B" 11112
  dcmtk_truth 11112 'dcmtk dcmqrscp' 'dcmtk storescu, getscu'
}
scenario_dicom_worklist() {
  begin dicom/worklist.pcap 'modality worklist: a scanner asks for its steps of the day'
  objects
  mkdir -p "$work/lists/ARCHIVE"
  cp "$work"/objects/*.wl "$work/lists/ARCHIVE/"
  touch "$work/lists/ARCHIVE/lockfile"
  printf '%s\n' '(0010,0010) PN []' '(0040,0100) SQ' '(fffe,e000) na' '(0040,0001) AE [CT1]' '(fffe,e00d) na' '(fffe,e0dd) na' >"$work/query.dump"
  dump2dcm "$work/query.dump" "$work/query.dcm" >/dev/null 2>&1
  serve 11112 wlmscpfs -d -dfp "$work/lists" 11112
  dcmtk findscu -W -aet CT1 -aec ARCHIVE "$B" 11112 query.dcm
  dcmtk_truth 11112 'dcmtk wlmscpfs' 'dcmtk findscu'
}

# --- Orthanc ------------------------------------------------------------------------------------

orthanc_server() {
  objects
  mkdir -p "$work/orthanc" "$work/lists"
  cp "$work"/objects/*.wl "$work/lists/"
  cat >"$work/orthanc.json" <<JSON
{
  "Name": "archive", "DicomAet": "ORTHANC", "DicomPort": 4242, "HttpServerEnabled": false,
  "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc", "DicomAssociationCloseDelay": 0,
  "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true,
  "DicomAlwaysAllowFindWorklist": true, "DicomAlwaysAllowEcho": true, "DicomAlwaysAllowStore": true,
  "DicomModalities": {
    "station": { "AET": "STATION", "Host": "$A", "Port": 11113, "AllowStorageCommitment": true }
  },
  "Plugins": ["/usr/share/orthanc/plugins/libModalityWorklists.so"],
  "Worklists": { "Enable": true, "Database": "$work/lists" }
}
JSON
  serve 4242 Orthanc --verbose "$work/orthanc.json"
}

orthanc_pair() { # FILE SHOWS SCENARIO
  begin "$1" "$2"
  orthanc_server
  ask "$python" "$here/dicom_peer.py" ask "$3" --host "$B" --port 4242 --called ORTHANC --own-port 11113 --log "$work/client.jsonl"
  finish --port 4242 --port 11113 --count client --peer server=Orthanc --peer "client=pynetdicom, $3"
}

scenario_dicom_orthanc() {
  orthanc_pair dicom/orthanc.pcap 'echo, store, find at three levels, move back to the station, get, against Orthanc on port 4242' query-server
}
scenario_dicom_orthanc_worklist() {
  orthanc_pair dicom/orthanc-worklist.pcap "modality worklist of Orthanc's plug-in" worklist
}
scenario_dicom_orthanc_commitment() {
  orthanc_pair dicom/orthanc-commitment.pcap 'storage commitment by Orthanc: N-ACTION, then its N-EVENT-REPORT on an association of its own' commit-server
}

# --- pynetdicom ---------------------------------------------------------------------------------

pynetdicom_pair() { # FILE SHOWS SERVER-MODE SCENARIO [truth options]
  local path=$1 what=$2 mode=$3 asking=$4
  shift 4
  begin "$path" "$what"
  serve 11112 "$python" "$here/dicom_peer.py" serve "$mode" --port 11112 --station "$A:11113" --log "$work/server.jsonl"
  ask "$python" "$here/dicom_peer.py" ask "$asking" --host "$B" --port 11112 --log "$work/client.jsonl"
  sleep 0.3
  finish --port 11112 --peer "server=pynetdicom, $mode" --peer "client=pynetdicom, $asking" "$@"
}

scenario_dicom_mpps() {
  pynetdicom_pair dicom/mpps.pcap 'performed procedure step: N-CREATE, N-SET' plain mpps
}
scenario_dicom_commitment() {
  pynetdicom_pair dicom/commitment.pcap 'storage commitment: N-ACTION, then N-EVENT-REPORT on an association the other way, roles reversed' plain commit --port 11113
}
scenario_dicom_negotiation() {
  pynetdicom_pair dicom/negotiation.pcap 'four operations at once, role selection, extended negotiation, user and password, two contexts refused' plain negotiate
}
scenario_dicom_fragments() {
  pynetdicom_pair dicom/fragments.pcap 'PDUs of at most 64 bytes both ways: every command set in several' small fragments \
    --tshark-differs 'tshark stops at a data set whose second fragment stands in the frame of the first'
}
scenario_dicom_unlimited() {
  pynetdicom_pair dicom/unlimited.pcap 'maximum PDU length 0 (none): data sets of over 40 kB in one PDU' unlimited unlimited
}
scenario_dicom_packed() {
  pynetdicom_pair dicom/packed.pcap 'command set and data set in one P-DATA-TF' plain packed
}
scenario_dicom_cancel() {
  pynetdicom_pair dicom/cancel.pcap 'a C-FIND of forty answers, C-CANCEL after the third' slow cancel
}
scenario_dicom_aborts() {
  pynetdicom_pair dicom/aborts.pcap 'the station aborts: right after the acceptance, and after its work' plain aborts
}
scenario_dicom_aborted() {
  pynetdicom_pair dicom/aborted.pcap 'the archive aborts instead of answering a C-ECHO' aborting aborted
}
scenario_dicom_out_of_order() {
  pynetdicom_pair dicom/out-of-order.pcap 'a release without an association, which the provider aborts' plain out-of-order
}
scenario_dicom_rejects() {
  pynetdicom_pair dicom/rejects.pcap 'three associations rejected for wrong AE titles, then the right ones' strict rejects
}
scenario_dicom_busy() {
  pynetdicom_pair dicom/busy.pcap 'an association rejected because the archive has its limit of them' busy busy
}
scenario_dicom_ae_guessing() {
  pynetdicom_pair dicom/ae-guessing.pcap 'twenty called AE titles tried in a row, one of them right' strict guesses
}
scenario_dicom_executable_elf() {
  pynetdicom_pair dicom/executable-elf.pcap 'a C-STORE whose data set begins with an ELF header (and zeros), then an honest one' plain elf \
    --tshark-differs 'tshark takes the data set for DICOM elements and gives up'
}
scenario_dicom_executable_mz() {
  pynetdicom_pair dicom/executable-mz.pcap 'a C-STORE whose data set begins with a DOS header (and zeros), then an honest one' plain mz
}
scenario_dicom_part10_mz() {
  pynetdicom_pair dicom/part10-mz.pcap 'a C-STORE whose data set is a whole Part 10 file with a DOS header in its preamble' plain part10-mz
}
scenario_dicom_part10_elf() {
  pynetdicom_pair dicom/part10-elf.pcap 'a C-STORE whose data set is a whole Part 10 file with an ELF header in its preamble' plain part10-elf \
    --tshark-differs 'tshark takes the data set for DICOM elements and gives up'
}
scenario_dicom_part10_plain() {
  pynetdicom_pair dicom/part10-plain.pcap 'a C-STORE whose data set is a whole Part 10 file with an empty preamble: wrong, but no executable' plain part10-plain
}
