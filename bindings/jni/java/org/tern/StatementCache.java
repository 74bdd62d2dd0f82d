package org.tern;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Compiled statements of one connection, by their SQL; those in use are not in it. */
final class StatementCache {
    private static final int KEPT = 24;

    /** Compiles SQL on the connection. */
    interface Compiler {
        byte[] compile(byte[] packedSql);
    }

    /** One compiled statement. */
    static final class Compiled {
        final long handle;
        final String sql;
        final int parameters;
        String[] names = new String[0];
        private byte[] described = new byte[0];
        @Nullable
        private Map<String, Integer> columns;

        private Compiled(String sql, byte[] result) {
            this.sql = sql;
            handle = Unpack.handle(result);
            try {
                Unpack out = Unpack.of(result);
                out.big();
                parameters = out.number();
                describe(out);
            } catch (RuntimeException | Error e) {
                Native.statementFree(handle, null);
                throw e;
            }
        }

        /** Reads what the columns are called, which may be other than at the last run: tables change. */
        void describe(Unpack out) {
            byte[] now = out.blob();
            if (Arrays.equals(now, described)) {
                return;
            }
            Unpack list = Unpack.inside(now);
            String[] found = new String[list.number()];
            for (int i = 0; i < found.length; i++) {
                found[i] = list.text();
            }
            names = found;
            columns = null;
            described = now;
        }

        int column(String name) {
            if (columns == null) {
                columns = new LinkedHashMap<>();
                for (int i = names.length - 1; i >= 0; i--) {
                    columns.put(names[i], i);
                }
            }
            Integer found = columns.get(name);
            if (found == null) {
                throw new TernException(ErrorCode.UNKNOWN_COLUMN, "the statement gives no column " + name);
            }
            return found;
        }

        /** The packed arguments of a run. */
        byte[] bind(Object[] values) {
            if (values.length != parameters) {
                throw TernException.misuse("the statement has " + parameters + " parameters, and was given "
                    + values.length + " values");
            }
            Pack pack = new Pack().number(values.length);
            for (Object value : values) {
                pack.value(value);
            }
            return pack.bytes();
        }
    }

    private final Compiler compiler;
    private final LinkedHashMap<String, Compiled> kept = new LinkedHashMap<>();

    StatementCache(Compiler compiler) {
        this.compiler = compiler;
    }

    synchronized Compiled take(String sql) {
        Compiled found = kept.remove(sql);
        return found != null ? found
            : new Compiled(sql, compiler.compile(new Pack(sql.length() * 3 + 16).text(sql).bytes()));
    }

    /** Takes back what was reset, or has run to its end. */
    synchronized void give(Compiled compiled) {
        Compiled other = kept.put(compiled.sql, compiled);
        if (other != null) {
            Native.statementFree(other.handle, null);
        }
        if (kept.size() > KEPT) {
            Iterator<Compiled> eldest = kept.values().iterator();
            Native.statementFree(eldest.next().handle, null);
            eldest.remove();
        }
    }

    synchronized void free() {
        for (Compiled compiled : kept.values()) {
            Native.statementFree(compiled.handle, null);
        }
        kept.clear();
    }
}
