package org.tern;

import java.time.LocalDate;

/** Sentences for people, in Khmer and English; see {@code tern/medication/message.h}. */
public final class Words {
    /** What a notice is of; in the order of {@code tern_notice}. */
    public enum Notice {
        REMINDER, REPEAT, MISSED, URGENT_CHANGE, CHANGE, CONNECTION, GOES_ON
    }

    /** In the order of {@code tern_meal_relation}. */
    public enum Meal {
        NONE, BEFORE, AFTER
    }

    /** What a notice is about; what is left null is not said. */
    public static final class About {
        @Nullable
        public String person;
        @Nullable
        public String medicine;
        /** Such as "1 tablet". */
        @Nullable
        public String amount;
        @Nullable
        public LocalDate date;
        @Nullable
        public String reason;
        /** Of the local day; negative: none. */
        public int minute = -1;
        public Meal meal = Meal.NONE;
        /** It could not be sent in time: the notice says so. */
        public boolean late;
    }

    private static final int PROBLEM = 0;
    private static final int DATE = 1;
    private static final int TIME = 2;
    private static final int SPAN = 3;
    private static final int TITLE = 4;
    private static final int NOTICE = 5;

    private final Settings.Language language;
    private final boolean nativeDigits;

    /** @param nativeDigits Khmer digits in Khmer */
    public Words(Settings.Language language, boolean nativeDigits) {
        this.language = language;
        this.nativeDigits = nativeDigits;
    }

    private String say(int kind, @Nullable TernException error, long number, boolean flag, Notice notice, About about) {
        Pack pack = new Pack(256).number(kind).number(language.ordinal()).flag(nativeDigits)
            .number(error == null ? 0 : error.code().number()).number(error == null ? 0 : error.problem().number())
            .big(error == null ? 0 : error.first()).big(error == null ? 0 : error.second())
            .big(number).flag(flag).number(notice.ordinal())
            .text(about.person).text(about.medicine).text(about.amount)
            .text(about.date == null ? null : about.date.toString()).text(about.reason)
            .number(about.minute).number(about.meal.ordinal()).flag(about.late);
        return String.valueOf(Unpack.of(Native.careSay(0, pack.bytes())).text());
    }

    /** What a failed call means for the person who made it, and what to do. */
    public String problem(TernException error) {
        return say(PROBLEM, error, 0, false, Notice.REMINDER, new About());
    }

    public String date(LocalDate date, boolean weekday) {
        About about = new About();
        about.date = date;
        return say(DATE, null, 0, weekday, Notice.REMINDER, about);
    }

    /** A time of the day by its minute, 0 to 1439. */
    public String time(int minute) {
        return say(TIME, null, minute, false, Notice.REMINDER, new About());
    }

    /** A length of time. */
    public String span(long minutes) {
        return say(SPAN, null, minutes, false, Notice.REMINDER, new About());
    }

    /** A notice's title: it tells no name and no medicine. */
    public String title(Notice notice) {
        return say(TITLE, null, 0, false, notice, new About());
    }

    /** The text beneath the title. */
    public String notice(Notice notice, About about) {
        return say(NOTICE, null, 0, false, notice, about);
    }
}
