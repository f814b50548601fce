-- Which server this is. The system identifier is read apart, where the role may.
SELECT
  pg_postmaster_start_time() AS started_at,
  has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_read_identifier,
  d.oid AS database_oid,
  d.datname AS database_name,
  coalesce(host(inet_server_addr()), 'local') || ':' || coalesce(inet_server_port(), 0) AS address
FROM pg_database AS d
WHERE d.datname = current_database()
