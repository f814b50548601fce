"""One work of benchmarks/run in another program: peer.py duckdb|connectorx|adbc|pyspark WORK SQL FETCH.

The rows are fetched from Postgres and computed here: none of the peers is let hand the whole query to the server.
SQL is the work over a table called lineitem, FETCH what it needs of that. Works that are stored go to peer_result.
"""

import os
import pathlib
import sys

peer, work, sql, fetch = sys.argv[1:]
port = os.environ["PGPORT"]
uri = f"postgresql://bench@127.0.0.1:{port}/postgres"
is_stored = work in ("orders", "rows")


def duckdb_peer():
    import duckdb
    import duckdb_extension_postgres_scanner as scanner

    [extension] = pathlib.Path(scanner.__file__).parent.rglob("*.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute("SET threads = 2")
    connection.execute(f"ATTACH '{os.environ['TIDEMARK_BENCH']}' AS pg (TYPE postgres)")
    over = sql.replace("FROM lineitem", "FROM pg.public.lineitem")
    if is_stored:
        connection.execute(f"CREATE TABLE pg.public.peer_result AS {over}")
    else:
        connection.execute(over).fetchall()


def polars_peer():
    import polars

    if peer == "connectorx":
        # Two partitions need a key that both ends of are known.
        key = "" if "l_orderkey" in fetch else "l_orderkey, "
        frame = polars.read_database_uri(
            fetch.replace("SELECT ", "SELECT " + key, 1), uri, partition_on="l_orderkey", partition_num=2,
            engine="connectorx")
    else:
        frame = polars.read_database_uri(fetch, uri, engine="adbc")
    numbers = [name for name in ("l_quantity", "l_extendedprice", "l_discount", "l_tax") if name in frame.columns]
    if peer == "adbc":
        # The driver hands numerics over as texts of a type that Polars casts to nothing but what they are stored as.
        frame = frame.with_columns([polars.col(name).ext.storage() for name in numbers])
    frame = frame.with_columns([polars.col(name).cast(polars.Decimal(38, 2)) for name in numbers])
    # Multiplied as exact numbers; the aggregates written as expressions, since Polars's SQL knows no decimals.
    price, discount = polars.col("l_extendedprice"), polars.col("l_discount")
    one = polars.lit(1).cast(polars.Decimal(38, 2))
    net = price * (one - discount)
    if work == "q1":
        result = frame.group_by("l_returnflag", "l_linestatus").agg(
            polars.col("l_quantity").sum(), price.sum(), net.sum().alias("disc"),
            (net * (one + polars.col("l_tax"))).sum().alias("charge"), polars.col("l_quantity").mean().alias("a"),
            price.mean().alias("b"), discount.mean().alias("c"), polars.len())
    elif work == "modes":
        result = frame.group_by("l_shipdate", "l_shipmode").agg(
            net.sum().alias("revenue"), polars.len(), net.mean().alias("a"), net.min().alias("b"), net.max().alias("c"))
    elif work == "orders":
        result = frame.group_by("l_orderkey").agg(polars.len(), price.sum(), price.max().alias("most"))
    else:
        result = frame.select(
            "l_orderkey", "l_linenumber", "l_shipdate", net.alias("disc_price"),
            (net * (one + polars.col("l_tax"))).alias("charge"))
    if is_stored:
        result.write_database("peer_result", uri, engine="adbc")


def pyspark_peer():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]").config("spark.jars", os.environ["JAR"])
        .config("spark.driver.memory", "4g").config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4").getOrCreate())
    jdbc = f"jdbc:postgresql://127.0.0.1:{port}/postgres"
    properties = {"user": "bench", "driver": "org.postgresql.Driver", "fetchsize": "10000"}
    key = "" if "l_orderkey" in fetch else "l_orderkey, "
    source = fetch.replace("SELECT ", "SELECT " + key, 1)
    bounds = session.read.jdbc(jdbc, "(SELECT max(l_orderkey) AS m FROM lineitem) AS b", properties=properties).first()
    session.read.jdbc(
        jdbc, f"({source}) AS l", column="l_orderkey", lowerBound=0, upperBound=bounds.m, numPartitions=4,
        properties=properties).createOrReplaceTempView("lineitem")
    # The server has filtered already, on a column that was not always fetched.
    result = session.sql(sql.split(" WHERE ")[0] + (" GROUP BY 1, 2" if work == "q1" else ""))
    if is_stored:
        result.write.jdbc(jdbc, "peer_result", mode="overwrite", properties=properties)
    else:
        result.collect()


{"duckdb": duckdb_peer, "connectorx": polars_peer, "adbc": polars_peer, "pyspark": pyspark_peer}[peer]()
