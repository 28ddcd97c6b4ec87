# SPDX-License-Identifier: MIT
# Two sqlite3 processes write one database in WAL mode at the same time.
cd /tmp
sqlite3 t.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER, who TEXT);'
writer()
{
	{
		echo '.timeout 60000'
		i=0
		while [ $i -lt 200 ]; do
			echo "BEGIN IMMEDIATE; INSERT INTO t VALUES($i,'$1'); COMMIT; SELECT count(*)>0 FROM t;"
			i=$((i+1))
		done
	} | sqlite3 t.db | sort | uniq -c | awk '{ print $1, $2 }'
}
writer a & writer b &
wait
sqlite3 t.db 'SELECT who, count(*), sum(a) FROM t GROUP BY who ORDER BY who; PRAGMA integrity_check;
	PRAGMA wal_checkpoint(TRUNCATE); VACUUM;'
