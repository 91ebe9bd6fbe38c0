#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# First process of a guest whose output is the same on every processor: processes, pipes, signals,
# files, integer and floating-point arithmetic. test_same_work.py compares it.

export PATH=/bin
mount -t devtmpfs dev /dev 2>/dev/null
cd /tmp || exit 1

echo "@@ begin"
uname -srm
sha256sum /bin/busybox
gzip -c /bin/busybox | gunzip -c | md5sum
seq 1 20000 | sha256sum
seq 1 5000 | sort -r | uniq | md5sum
seq 1 5000 | awk '{ s += $1 / 3.7 - s / ($1 + 0.3) } END { printf "%.12f\n", s }'
echo "2^300 % 10^40" | bc
factor 1234567890123
find /bin /lib /init | sort | sha256sum

for part in 0 1 2 3 4 5 6 7; do
	dd if=/dev/zero bs=1024k count=1 2>/dev/null | tr '\0' $part >part.$part
done
cat part.* >file
cat part.* | cmp - file && echo "8 parts are the file"
sha256sum file
rm file part.*

sum=0 n=0
while [ $n -lt 200 ]; do
	n=$((n + 1))
	(exit $((n % 7)))
	sum=$((sum + $?))
done
echo "200 processes returned $sum"

trap 'echo "USR1 came"' USR1
kill -USR1 $$
sh -c 'kill -SEGV $$'
echo "status of a crash: $?"
timeout 1 sleep 100
echo "status of a timeout: $?"

mkfifo pipe
cat pipe | wc -c &
seq 1 10000 >pipe
wait
echo "@@ end"
poweroff -f
