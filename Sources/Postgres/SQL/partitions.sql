-- The leaves of partitioned table $1, each with the bounds of all its ancestors below the root,
-- outermost first, as Postgres prints them.
SELECT
  n.nspname AS schema_name,
  c.relname AS name,
  c.oid,
  coalesce(a.amname = 'heap', false) AND c.relkind = 'r' AS is_heap,
  CASE WHEN c.relkind = 'r'
    THEN pg_relation_size(c.oid, 'main') / current_setting('block_size')::bigint
    ELSE 0 END AS pages,
  CASE WHEN c.reltuples = 0 AND c.relpages = 0 THEN -1 ELSE c.reltuples END AS estimated_rows,
  coalesce(pg_relation_filenode(c.oid), 0) AS file_node,
  (
    SELECT json_agg(pg_get_expr(u.relpartbound, u.oid) ORDER BY s.depth DESC)
    FROM pg_partition_ancestors(c.oid) WITH ORDINALITY AS s (relation, depth)
      JOIN pg_class AS u ON u.oid = s.relation
    WHERE u.oid <> $1::oid AND u.relispartition
  ) AS bounds
FROM pg_partition_tree($1::oid) AS t
  JOIN pg_class AS c ON c.oid = t.relid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_am AS a ON a.oid = c.relam
WHERE t.isleaf
