-- One row per key column of every index of relation $1 that can be trusted for ordering: valid,
-- over all rows, btree, over plain columns with their type's own order.
SELECT
  c.relname AS index_name,
  i.indisunique AND i.indimmediate AS is_unique,
  i.indisprimary AS is_primary,
  NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS has_distinct_nulls,
  a.attname AS column_name,
  n.nspname AS collation_schema,
  o.collname AS collation_name
FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_am AS m ON m.oid = c.relam AND m.amname = 'btree'
  CROSS JOIN generate_series(0, i.indnkeyatts - 1) AS k (position)
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.position]
  LEFT JOIN pg_collation AS o ON o.oid = i.indcollation[k.position] AND o.collname <> 'default'
  LEFT JOIN pg_namespace AS n ON n.oid = o.collnamespace
WHERE i.indrelid = $1::oid
  AND i.indisvalid AND i.indisready AND i.indislive
  AND i.indpred IS NULL AND i.indexprs IS NULL
  AND NOT EXISTS (
    SELECT FROM generate_series(0, i.indnkeyatts - 1) AS p (position)
      JOIN pg_opclass AS s ON s.oid = i.indclass[p.position]
    WHERE NOT s.opcdefault
  )
ORDER BY i.indisprimary DESC, c.relname COLLATE "C", k.position
