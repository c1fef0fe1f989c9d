"""Every sentence that the demo says by itself, in Indonesian and English. What codes mean stands in `broker.codes`."""

from __future__ import annotations

from typing import Final

from adapters.demo.scenario import Said

TITLE: Final = Said(id="Simpul – demo", en="Simpul – the demo")
OPENING: Final = Said(
    id=(
        "Delapan instansi bertukar peristiwa satu perkara TPPO lewat Kafka, tanpa basis data bersama. Setiap simpul "
        "adalah proses sendiri dengan kunci baru; Kafka menyimpan dan mengurutkan, tetapi tidak dapat membaca apa pun. "
        "Semua orang dalam demo ini rekaan, dan semua peristiwanya latihan (status=Exercise)."
    ),
    en=(
        "Eight agencies exchange the events of one trafficking case over Kafka, without a common database. Each node "
        "is a process of its own with fresh keys; Kafka stores and orders, and can read nothing. Everybody in this "
        "demo is made up, and every event is an exercise (status=Exercise)."
    ),
)
KAFKA_OURS: Final = Said(
    id="Kafka: {kind}, {brokers} broker, siap dalam {seconds} detik.",
    en="Kafka: {kind}, {brokers} broker{s}, ready in {seconds} seconds.",
)
KAFKA_FOREIGN: Final = Said(
    id="Kafka: {kind} (SIMPUL_KAFKA_BOOTSTRAP), {brokers} broker.",
    en="Kafka: {kind} (SIMPUL_KAFKA_BOOTSTRAP), {brokers} broker{s}.",
)
SHARED: Final = Said(
    id="Kafka ini dipakai bersama: rekaman lain di topik yang sama dikarantina (untrusted.key), tanpa mengganggu.",
    en="This Kafka is shared: what others write to its topics is quarantined (untrusted.key) and disturbs nothing.",
)
KINDS: Final = {
    "external": Said(id="klaster yang sudah ada", en="a cluster that is there already"),
    "kafka": Said(id="Apache Kafka", en="Apache Kafka"),
    "docker": Said(id="Apache Kafka (Docker)", en="Apache Kafka (Docker)"),
    "embedded": Said(id="server tertanam, bukan Apache Kafka", en="the embedded server, not Apache Kafka"),
}
FOUNDING: Final = Said(
    id="Membuat topik, folder simpul, kunci, dan federasi …",
    en="Making topics, nodes' folders, keys and the federation …",
)
STARTING: Final = Said(id="Menyalakan delapan simpul …", en="Starting eight nodes …")
NODES: Final = Said(
    id="{count} simpul berjalan, masing-masing satu proses, siap dalam {seconds} detik.",
    en="{count} nodes run, one process each, ready in {seconds} seconds.",
)
CAST: Final = (
    Said(id="sebutan", en="called"),
    Said(id="instansi", en="agency"),
    Said(id="adaptor", en="adapter"),
    Said(id="proses", en="process"),
)
NO_ADAPTER: Final = Said(id="– (petugas)", en="– (officers)")

HOW: Final = Said(id="Caranya", en="How")
DROPPED: Final = Said(
    id="{files} ditaruh di folder `drop` simpul {agency}",
    en="{files} put into the `drop` folder of the node: {agency}",
)
DRAFT: Final = Said(
    id="`simpul send {files}` di simpul {agency}",
    en="`simpul send {files}` at the node: {agency}",
)
EVENT: Final = Said(id="Peristiwa", en="Event")
SEEN: Final = Said(id="Kafka melihat", en="Kafka sees")
WITHOUT: Final = Said(id="Tidak untuk", en="Not for")
OUTCOME: Final = Said(id="Ditolak", en="Refused")
READ: Final = Said(id="Terbaca", en="Read by")
ALL_THAT_IS_SEEN: Final = Said(
    id="Inilah semua yang dilihat operator Kafka dari rekaman pertama, beserta topik dan waktunya:",
    en="This is all that Kafka's operator sees of the first record, beside its topic and time:",
)
VALUE: Final = Said(id="nilai", en="value")
CLOSED_VALUE: Final = Said(
    id="{count} bagian tersandi, {sizes}: jenis, kasus, penerima, dan isi ada di dalamnya",
    en="{count} encrypted parts, {sizes}: type, case, audience and content are inside",
)
ARRIVALS: Final = (
    Said(id="diterima", en="received by"),
    Said(id="setelah", en="after"),
    Said(id="dapat membuka", en="can open"),
    Said(id="tertutup baginya", en="closed to it"),
)
PART_NAMES: Final = {
    "open": Said(id="sampul", en="cover"),
    "identity": Said(id="identitas", en="identity"),
    "narrative": Said(id="uraian", en="narrative"),
    "place": Said(id="tempat", en="place"),
    "network": Said(id="jaringan", en="network"),
    "health": Said(id="kesehatan", en="health"),
    "docs": Said(id="dokumen", en="docs"),
    "safe_contact": Said(id="kontak aman", en="safe contact"),
}
REJECT: Final = Said(id="Baris {row}, {field}: {why} [{code}]", en="Row {row}, {field}: {why} [{code}]")

REFUSALS_TITLE: Final = Said(id="Empat serangan", en="Four attacks")
REFUSALS: Final = Said(
    id=(
        "Sebuah proses yang bukan simpul menulis byte mentah ke Kafka, atau membaca yang bukan haknya. Kafka di sini "
        "tidak menjaga apa pun; di produksi, hak aksesnya adalah lapis pertama."
    ),
    en=(
        "A process that is no node writes raw bytes to Kafka, or reads what it may not. Kafka guards nothing here; in "
        "production its access rights are the first layer."
    ),
)
REFUSED: Final = Said(id="{agency} mengarantina {place}:", en="{agency} quarantined {place}:")
REFUSED_READING: Final = Said(id="{agency} – pemeriksaan menolak:", en="{agency} – verification refuses:")
WITHOUT_THE_CHECK: Final = Said(
    id="Tanpa pemeriksaan itu pun sampulnya tetap tertutup: tidak ada kuncinya di sini ({agency})",
    en="Without that check the cover stays closed all the same: {agency} does not hold its key",
)
NOR_THE_KEYS: Final = Said(
    id="Kunci yang dikirim kepada pemilik kotak surat itu juga tidak terbuka",
    en="Nor do the keys open that were sent to the mailbox's owner",
)

ENDING_TITLE: Final = Said(id="Ringkasan", en="Summary")
SUMMARY: Final = Said(
    id=(
        "{events} peristiwa, {delivered} kali sampai, yang paling lambat dalam {slowest} ms; {refusals} serangan "
        "ditolak. Kiriman pertama sampai {first} detik setelah mulai; seluruhnya {total} detik."
    ),
    en=(
        "{events} events, {delivered} deliveries, the slowest in {slowest} ms; {refusals} attacks refused. The first "
        "delivery came {first} seconds after the start; all of it took {total} seconds."
    ),
)
GO_ON: Final = Said(
    id=(
        "\nLanjut: `simpul demo --keep` membiarkan semuanya berjalan untuk dilihat sendiri; `simpul --help` "
        "menunjukkan semua perintah; docs/demo.md menjelaskan apa yang baru saja terjadi."
    ),
    en=(
        "\nGo on: `simpul demo --keep` leaves everything running, to look at by yourself; `simpul --help` shows all "
        "commands; docs/demo.md explains what has just happened."
    ),
)
NOT_SHOWN_TITLE: Final = Said(id="Yang tidak dapat ditunjukkan di sini", en="What could not be shown here")
NOT_SHOWN: Final = Said(
    id=(
        "Ini server tertanam, bukan Apache Kafka: semuanya di memori. Tidak terbukti: ketahanan (rekaman hilang bila "
        "berhenti), pemadatan topik kunci, replikasi, dan hak akses per topik. Yang terbukti tetap: segel, kunci, "
        "kesepakatan, dan penolakan, karena tidak bergantung pada Kafka. Pasang Java 17 dan Maven untuk demo penuh."
    ),
    en=(
        "This is the embedded server, not Apache Kafka: all in memory. Not proven: durability (records are gone when "
        "it stops), compaction of the key topics, replication, and access rights for each topic. Proven all the same: "
        "seals, keys, agreements and refusals, which do not depend on Kafka. Install Java 17 and Maven for all of it."
    ),
)
KEPT: Final = Said(
    id="\nSemua masih berjalan (Kafka di {kafka}). Folder kerja: {folder}\nCoba di terminal lain:",
    en="\nEverything still runs (Kafka at {kafka}). Working folder: {folder}\nTry in another terminal:",
)
KEPT_COMMANDS: Final = (
    "simpul tail --node {folder}/nodes/imigrasi-bengkulu",
    "simpul tail --node {folder}/nodes/uptd-ppa-bengkulu-tengah",
    "simpul quarantine list --node {folder}/nodes/uptd-ppa-bengkulu-tengah",
)
KEPT_UNTIL: Final = Said(
    id="Ctrl-C menghentikan semuanya; folder kerja tetap ada.",
    en="Ctrl-C stops everything; the working folder stays.",
)
STOPPED: Final = Said(id="Dihentikan; semua proses diakhiri.", en="Stopped; every process is ended.")
FAILED: Final = Said(id="Demo gagal.", en="The demo failed.")
LOOK_INTO: Final = Said(
    id="Folder kerja dengan log setiap simpul: {folder}/logs",
    en="The working folder with every node's log: {folder}/logs",
)
