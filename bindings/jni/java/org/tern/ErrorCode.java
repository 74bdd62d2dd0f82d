package org.tern;

/** Every way in which a call can fail, as {@code tern/error.h} lists them. The names are what the wire carries, too; what each
 * means stands there. */
public enum ErrorCode {
    OK(0),
    MISUSE(1),
    NOMEM(2),
    CANCELLED(3),
    INTERNAL(4),
    IO(10),
    DISK_FULL(11),
    READ_ONLY(12),
    CORRUPT(13),
    NOT_A_REPLICA(14),
    BUSY(15),
    FORMAT_NEWER(16),
    WRONG_USER(17),
    SCHEMA(20),
    SCHEMA_OLDER(21),
    SCHEMA_INCOMPATIBLE(22),
    UNKNOWN_TABLE(30),
    UNKNOWN_COLUMN(31),
    TYPE(32),
    NOT_NULL(33),
    LENGTH(34),
    RANGE(35),
    FORMAT(36),
    ENUM(37),
    UNIQUE(38),
    FOREIGN_KEY(39),
    NOT_FOUND(40),
    EXISTS(41),
    DELETED(42),
    APPEND_ONLY(43),
    IMMUTABLE(44),
    NATURAL_KEY(45),
    OUTRANKED(46),
    SCOPE(47),
    TOO_LARGE(48),
    SQL(49),
    CHECK(50),
    FORBIDDEN(60),
    UNAUTHORIZED(61),
    NETWORK(70),
    TIMEOUT(71),
    TLS(72),
    TLS_PIN(73),
    HTTP(74),
    PROTOCOL(75),
    TOO_DEEP(76),
    NOT_UTF8(77),
    UNAVAILABLE(78),
    EPOCH_CHANGED(80),
    DEVICE_CLONED(81),
    UPGRADE_REQUIRED(82),
    TX_ID_REUSED(83),
    DEPENDENCY_REJECTED(84),
    CURSOR(85),
    CANNOT_UPCAST(86),
    ERASED(87);

    private static final ErrorCode[] BY_NUMBER = new ErrorCode[128];

    static {
        for (ErrorCode one : values()) {
            BY_NUMBER[one.number] = one;
        }
    }

    private final int number;

    ErrorCode(int number) {
        this.number = number;
    }

    /** The number of the C interface; it never changes. */
    public int number() {
        return number;
    }

    static ErrorCode of(int number) {
        ErrorCode found = number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
        return found != null ? found : INTERNAL;
    }
}
