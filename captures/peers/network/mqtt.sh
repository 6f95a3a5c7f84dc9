# MQTT: mosquitto's broker and clients.

mqtt_broker() { # PORT
  local port=$1
  mosquitto_passwd -b -c "$work/users" CANARYUSER CANARYPASSWORD
  printf '%s\n' "listener $port 0.0.0.0" 'allow_anonymous false' "password_file $work/users" 'user root' 'persistence false' \
    'log_dest stderr' >"$work/mosquitto.conf"
  chmod 755 "$work"
  chmod 600 "$work/users"
  serve "$port" mosquitto -c "$work/mosquitto.conf"
}

mqtt_asking() { # PORT VERSION...
  local port=$1 version subscriber
  shift
  local login=(-u CANARYUSER -P CANARYPASSWORD)
  for version in "$@"; do
    local at=(-h "$B" -p "$port" -V "$version")
    in_a timeout 20 mosquitto_sub "${at[@]}" "${login[@]}" -i monitor-12 -t 'ward3/+/CANARYTOPIC/#' -t 'ward3/alarms' -q 2 -C 4 >>"$work/client.out" 2>&1 &
    subscriber=$!
    sleep 0.5
    ask mosquitto_pub "${at[@]}" "${login[@]}" -i pump-017 -t ward3/bed4/CANARYTOPIC/rate -q 0 -m '{"patient":"CANARYFAMILY","rate":7654321.5}'
    ask mosquitto_pub "${at[@]}" "${login[@]}" -i pump-017 -t ward3/bed4/CANARYTOPIC/rate -q 1 -m 'CANARYVALUE' -r
    ask mosquitto_pub "${at[@]}" "${login[@]}" -i pump-017 -t ward3/alarms -q 2 -m 'CANARYNOTE' \
      --will-topic ward3/bed4/CANARYTOPIC/gone --will-payload 'CANARYGIVEN' --will-qos 1
    ask mosquitto_pub "${at[@]}" "${login[@]}" -i pump-017 -t ward3/alarms -q 0 -n
    wait "$subscriber" || true
    try mosquitto_pub "${at[@]}" -u CANARYUSER -P wrong -i stranger -t ward3/alarms -m nothing # refused
    try mosquitto_pub "${at[@]}" -i stranger -t ward3/alarms -m nothing                       # refused
  done
  peer server "$(debian mosquitto mosquitto)"
  peer client "$(debian mosquitto_pub mosquitto-clients)"
  say versions "$@"
  say client_ids monitor-12 pump-017 stranger
}

scenario_mqtt_v311() {
  begin mqtt/v311.pcap 'MQTT 3.1.1, then 3.1: login, will, subscriptions, QoS 0 to 2, a retained message, logins refused'
  mqtt_broker 1883
  mqtt_asking 1883 mqttv311 mqttv31
  conclude mqtt 1883
}
scenario_mqtt_v5() {
  begin mqtt/v5.pcap 'MQTT 5: the same, then properties: response topic, user property, expiry'
  mqtt_broker 1883
  mqtt_asking 1883 mqttv5
  ask mosquitto_pub -h "$B" -V mqttv5 -u CANARYUSER -P CANARYPASSWORD -i pump-017 -t ward3/alarms -m CANARYNOTE -q 1 \
    -D PUBLISH user-property patient CANARYFAMILY -D PUBLISH response-topic ward3/CANARYTOPIC -D PUBLISH message-expiry-interval 60 \
    -D PUBLISH content-type text/plain -D CONNECT session-expiry-interval 30 -D CONNECT user-property nurse CANARYOPERATOR
  conclude mqtt 1883
}
scenario_mqtt_odd_port() {
  begin mqtt/odd-port.pcap 'MQTT 3.1.1 and 5 on port 18830'
  mqtt_broker 18830
  mqtt_asking 18830 mqttv311 mqttv5
  truly --decode-as tcp.port==18830,mqtt
  conclude mqtt 18830
}
