package org.tern;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.UUID;

/**
 * What the binding costs: Bench FOLDER SCHEMA ROWS ROUNDS. Both sides work on the same replica in the same process, one
 * right after the other, in turn first and second; a figure is the median of the rounds, after rounds that warm up.
 */
final class Bench {
    private static final int WARM_ROUNDS = 4;

    private final Replica replica;
    private final int rows;
    private final String scan = scan();
    private final String insert = insert();
    private long next = 1;

    private Bench(Replica replica, int rows) {
        this.replica = replica;
        this.rows = rows;
    }

    static native String scan();

    static native String insert();

    static native long readInC(long replica);

    static native boolean writeInC(long replica, long first, int count);

    private static void check(boolean ok) {
        if (!ok) {
            throw new AssertionError("a side failed");
        }
    }

    private static int size(String text) {
        return text == null ? 1 : text.length();
    }

    /** Makes a Java value of every cell. */
    private long readInJava() {
        long sum = 0;
        try (Cursor cursor = replica.query(scan)) {
            while (cursor.next()) {
                UUID id = cursor.getUuid(0);
                sum += id == null ? 1 : 16;
                for (int i = 1; i < 7; i++) {
                    sum += size(cursor.getString(i));
                }
                Instant created = cursor.getInstant(7);
                sum += created == null ? 1 : Micros.of(created);
                sum += cursor.getLong(8);
                sum += size(cursor.getString(9));
            }
        }
        return sum;
    }

    private void writeInJava() {
        long first = next;
        next += rows;
        replica.write(tx -> {
            for (int i = 0; i < rows; i++) {
                tx.execute(insert, new UUID(0, first + i), "Dara", "Sok", "Sok Dara", first + i);
            }
        });
    }

    private void writeInC() {
        long first = next;
        next += rows;
        check(writeInC(replica.core().handle(), first, rows));
    }

    private static double seconds(Runnable side) {
        long begin = System.nanoTime();
        side.run();
        return (System.nanoTime() - begin) / 1e9;
    }

    private static double[] pair(boolean javaFirst, Runnable java, Runnable c) {
        double[] took = new double[2];
        if (javaFirst) {
            took[0] = seconds(java);
            took[1] = seconds(c);
        } else {
            took[1] = seconds(c);
            took[0] = seconds(java);
        }
        return took;
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private static void figure(String name, double value, String unit) {
        System.out.printf(Locale.ROOT, "%-32s %.3f %s%n", name, value, unit);
    }

    private void read(int rounds) {
        long expected = readInC(replica.core().handle());
        double[] ratios = new double[rounds];
        double[] micros = new double[rounds];
        for (int i = -WARM_ROUNDS; i < rounds; i++) {
            double[] took = pair((i & 1) == 0, () -> check(readInJava() == expected),
                () -> check(readInC(replica.core().handle()) == expected));
            if (i >= 0) {
                ratios[i] = took[0] / took[1];
                micros[i] = took[0] * 1e6 / rows;
            }
        }
        figure("jni_read_x", median(ratios), "x");
        figure("jni_read_row_us", median(micros), "us");
    }

    private static void write(Path folder, byte[] schema, int rows, int rounds) {
        double[] ratios = new double[rounds];
        for (int i = -WARM_ROUNDS; i < rounds; i++) {
            String path = folder.resolve("write" + (i + WARM_ROUNDS) + ".db").toString();
            try (Replica replica = new Replica.Options(path).schema(schema).user(new UUID(1, 1)).open()) {
                Bench bench = new Bench(replica, rows);
                double[] took = pair((i & 1) == 0, bench::writeInJava, bench::writeInC);
                if (i >= 0) {
                    ratios[i] = took[0] / took[1];
                }
            }
        }
        figure("jni_write_x", median(ratios), "x");
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Paths.get(arguments[0]);
        byte[] schema = Files.readAllBytes(Paths.get(arguments[1]));
        int rows = Integer.parseInt(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        System.loadLibrary("ternjnibench");
        write(folder, schema, rows, rounds);
        try (Replica replica = new Replica.Options(folder.resolve("read.db").toString()).schema(schema)
            .user(new UUID(1, 1)).open()) {
            Bench bench = new Bench(replica, rows);
            bench.writeInJava();
            bench.read(rounds);
        }
    }
}
