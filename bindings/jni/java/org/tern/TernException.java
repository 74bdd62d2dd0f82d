package org.tern;

/** The one exception of this library. It names the place that failed, never a value of a row. */
public final class TernException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final Problem problem;
    private final long first;
    private final long second;

    public TernException(ErrorCode code, String message) {
        this(code, Problem.NONE, 0, 0, message, null);
    }

    public TernException(ErrorCode code, String message, @Nullable Throwable cause) {
        this(code, Problem.NONE, 0, 0, message, cause);
    }

    TernException(ErrorCode code, Problem problem, long first, long second, String message, @Nullable Throwable cause) {
        super(sentence(code, problem, message), cause);
        this.code = code;
        this.problem = problem;
        this.first = first;
        this.second = second;
    }

    private static String sentence(ErrorCode code, Problem problem, String message) {
        String name = problem == Problem.NONE ? code.name() : problem.name();
        return message.isEmpty() ? name : name + ": " + message;
    }

    /** The stable code; for a medication call that met a {@link #problem()}, what the engine called it. */
    public ErrorCode code() {
        return code;
    }

    /** What stood in the way of a medication call; NONE for all else. */
    public Problem problem() {
        return problem;
    }

    /** A number that belongs to the problem, as {@code tern/medication/care.h} says. */
    public long first() {
        return first;
    }

    public long second() {
        return second;
    }

    /** Whether trying again later, with nothing changed, can help. */
    public boolean isRetryable() {
        switch (code) {
            case BUSY:
            case NETWORK:
            case TIMEOUT:
            case UNAVAILABLE:
                return true;
            default:
                return false;
        }
    }

    static TernException misuse(String message) {
        return new TernException(ErrorCode.MISUSE, message);
    }
}
