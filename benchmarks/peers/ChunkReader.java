import java.math.BigDecimal;
import java.sql.*;
import java.util.*;

/**
 * One work of benchmarks/run as a batch framework does it: a cursor read in chunks of 1,000 rows, an object a row, results
 * written by batches of 1,000 with a commit each.
 */
public class ChunkReader {
  static final int CHUNK = 1000;

  static final class Group {
    long count;
    BigDecimal[] sums = {BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO};
    BigDecimal least, most;
  }

  public static void main(String[] arguments) throws SQLException {
    String work = arguments[0], fetch = arguments[2];
    String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/postgres?reWriteBatchedInserts=true";
    try (Connection source = DriverManager.getConnection(url, "bench", "");
        Connection target = DriverManager.getConnection(url, "bench", "")) {
      source.setAutoCommit(false);
      target.setAutoCommit(false);
      Statement statement = source.createStatement();
      statement.setFetchSize(CHUNK);
      ResultSet rows = statement.executeQuery(fetch);
      if (work.equals("rows")) copyRows(rows, target);
      else {
        Map<List<Object>, Group> groups = aggregate(work, rows);
        if (work.equals("orders")) storeOrders(groups, target);
        else System.out.println(groups.size());
      }
    }
  }

  static Map<List<Object>, Group> aggregate(String work, ResultSet rows) throws SQLException {
    Map<List<Object>, Group> groups = new HashMap<>();
    while (rows.next()) {
      List<Object> key = work.equals("orders") ? List.of(rows.getLong("l_orderkey"))
          : work.equals("q1") ? List.of(rows.getString("l_returnflag"), rows.getString("l_linestatus"))
          : List.of(rows.getObject("l_shipdate", java.time.LocalDate.class), rows.getString("l_shipmode"));
      Group group = groups.computeIfAbsent(key, k -> new Group());
      group.count++;
      BigDecimal price = rows.getBigDecimal("l_extendedprice");
      BigDecimal value = price;
      if (!work.equals("orders")) {
        BigDecimal discount = rows.getBigDecimal("l_discount");
        value = price.multiply(BigDecimal.ONE.subtract(discount));
        if (work.equals("q1")) {
          group.sums[1] = group.sums[1].add(price);
          group.sums[2] = group.sums[2].add(value.multiply(BigDecimal.ONE.add(rows.getBigDecimal("l_tax"))));
          group.sums[3] = group.sums[3].add(rows.getBigDecimal("l_quantity"));
          group.sums[4] = group.sums[4].add(discount);
        }
      }
      group.sums[0] = group.sums[0].add(value);
      if (group.least == null || value.compareTo(group.least) < 0) group.least = value;
      if (group.most == null || value.compareTo(group.most) > 0) group.most = value;
    }
    return groups;
  }

  static void storeOrders(Map<List<Object>, Group> groups, Connection target) throws SQLException {
    create(target, "l_orderkey bigint, lines bigint, total numeric, most numeric");
    PreparedStatement insert = target.prepareStatement("INSERT INTO peer_result VALUES (?, ?, ?, ?)");
    int pending = 0;
    for (Map.Entry<List<Object>, Group> entry : groups.entrySet()) {
      insert.setLong(1, (Long) entry.getKey().get(0));
      insert.setLong(2, entry.getValue().count);
      insert.setBigDecimal(3, entry.getValue().sums[0]);
      insert.setBigDecimal(4, entry.getValue().most);
      insert.addBatch();
      if (++pending % CHUNK == 0) flush(insert, target);
    }
    flush(insert, target);
  }

  static void copyRows(ResultSet rows, Connection target) throws SQLException {
    create(target, "l_orderkey bigint, l_linenumber int, l_shipdate date, disc_price numeric, charge numeric");
    PreparedStatement insert = target.prepareStatement("INSERT INTO peer_result VALUES (?, ?, ?, ?, ?)");
    int pending = 0;
    while (rows.next()) {
      BigDecimal net = rows.getBigDecimal("l_extendedprice").multiply(BigDecimal.ONE.subtract(rows.getBigDecimal("l_discount")));
      insert.setLong(1, rows.getLong("l_orderkey"));
      insert.setInt(2, rows.getInt("l_linenumber"));
      insert.setObject(3, rows.getObject("l_shipdate", java.time.LocalDate.class));
      insert.setBigDecimal(4, net);
      insert.setBigDecimal(5, net.multiply(BigDecimal.ONE.add(rows.getBigDecimal("l_tax"))));
      insert.addBatch();
      if (++pending % CHUNK == 0) flush(insert, target);
    }
    flush(insert, target);
  }

  static void create(Connection target, String columns) throws SQLException {
    target.createStatement().execute("CREATE TABLE peer_result (" + columns + ")");
    target.commit();
  }

  static void flush(PreparedStatement insert, Connection target) throws SQLException {
    insert.executeBatch();
    target.commit();
  }
}
