package org.tern;

import java.util.ArrayDeque;

/**
 * The lines for the app's log that calls of this thread have made, kept until no call of it is under way: the log is told
 * with no lock held, and may call the library.
 *
 * <p>What the log's own calls would log is left out, or it might go on for ever.
 */
final class LogLines {
    /** What one call logs more than this is left out. */
    private static final int MOST = 1000;
    private static final ThreadLocal<LogLines> MINE = ThreadLocal.withInitial(LogLines::new);

    private final ArrayDeque<Runnable> lines = new ArrayDeque<>();
    private int inside;
    private boolean telling;

    private LogLines() {
    }

    /** A call begins. */
    static void enter() {
        MINE.get().inside++;
    }

    /** A call ends; with the outermost one the log is told. */
    static void leave() {
        LogLines mine = MINE.get();
        mine.inside--;
        if (mine.inside == 0) {
            mine.tell();
        }
    }

    /** Between the steps of a call, with nothing held but a place inside: tells the log, unless the call is one of another's. */
    static void tellBetween() {
        LogLines mine = MINE.get();
        if (mine.inside == 1) {
            mine.tell();
        }
    }

    /** A line of the library's, which must not throw. */
    static void add(Runnable line) {
        LogLines mine = MINE.get();
        if (!mine.telling && mine.lines.size() < MOST) {
            mine.lines.add(line);
            if (mine.inside == 0) {
                mine.tell();
            }
        }
    }

    private void tell() {
        if (telling || lines.isEmpty()) {
            return;
        }
        telling = true;
        try {
            for (Runnable line = lines.poll(); line != null; line = lines.poll()) {
                line.run();
            }
        } finally {
            telling = false;
        }
    }
}
