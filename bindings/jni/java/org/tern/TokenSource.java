package org.tern;

/** Supplies the bearer token of a sync, on its thread; it may block. */
public interface TokenSource {
    /**
     * A token, or null where there is none to be had.
     *
     * @param refused whether the server has refused the last one
     */
    @Nullable
    String token(boolean refused);
}
