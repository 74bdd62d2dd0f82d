package org.tern;

/** A person's settings, as read. */
public final class Settings {
    /** In the order of {@code tern_language}. */
    public enum Language {
        KHMER, ENGLISH
    }

    /** In the order of {@code tern_theme}. */
    public enum Theme {
        LIGHT, DARK
    }

    public final Language language;
    public final Theme theme;
    public final int graceMinutes;
    /** An IANA name. */
    public final String timeZone;
    /** Minutes of the day: morning, afternoon, night. */
    public final int morningMeal;
    public final int afternoonMeal;
    public final int nightMeal;

    /** Reads a meal time as {@link Care#setMeals} takes it, such as "7:00" or "6-7AM"; null for what is none. */
    @Nullable
    public static Integer parseMeal(String text) {
        int minutes = Unpack.of(Native.mealParse(0, new Pack().text(text).bytes())).number();
        return minutes < 0 ? null : minutes;
    }

    Settings(Unpack out) {
        language = out.number() == 0 ? Language.KHMER : Language.ENGLISH;
        theme = out.number() == 0 ? Theme.LIGHT : Theme.DARK;
        graceMinutes = out.number();
        timeZone = String.valueOf(out.text());
        morningMeal = out.number();
        afternoonMeal = out.number();
        nightMeal = out.number();
    }
}
