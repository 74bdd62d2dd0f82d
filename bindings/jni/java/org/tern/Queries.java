package org.tern;

/** What can be asked: a replica, a snapshot of it, and a transaction. */
public interface Queries {
    /**
     * Runs a statement that reads.
     *
     * @param sql    one statement
     * @param values its parameters, in their order: null, numbers, Boolean, CharSequence, byte[], UUID, Instant, BigDecimal,
     *               LocalDate or an enum
     */
    Cursor query(String sql, Object... values);
}
