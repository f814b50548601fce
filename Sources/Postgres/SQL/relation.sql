-- One row of facts about the relation that $1 names as the connection sees it; none where there is
-- no such relation. $1 is a quoted name.
SELECT
  c.oid,
  n.nspname AS schema_name,
  c.relname AS name,
  c.relkind AS kind,
  c.relkind IN ('r', 'm') AND coalesce(a.amname = 'heap', false)
    AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS is_heap,
  EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS has_children,
  CASE WHEN c.relkind IN ('r', 'm')
    THEN pg_relation_size(c.oid, 'main') / current_setting('block_size')::bigint
    ELSE 0 END AS pages,
  -- Version 13 writes 0 for a table that was never analysed, later ones -1.
  CASE WHEN c.reltuples = 0 AND c.relpages = 0 THEN -1 ELSE c.reltuples END AS estimated_rows,
  coalesce(pg_relation_filenode(c.oid), 0) AS file_node,
  has_table_privilege(c.oid, 'SELECT') AS is_readable,
  row_security_active(c.oid) AS has_row_security
FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_am AS a ON a.oid = c.relam
WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
