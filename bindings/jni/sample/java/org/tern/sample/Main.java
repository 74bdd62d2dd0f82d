package org.tern.sample;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.tern.Dose;
import org.tern.Replica;
import org.tern.Settings;
import org.tern.TernException;
import org.tern.UrlTransport;
import org.tern.Words;

/** A dose tracker on the command line: Main FILE SCHEMA USER URL CA-FILE TOKEN-FILE, then commands line by line. */
public final class Main {
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm").withZone(ZoneId.systemDefault());

    private final DayModel model;
    private final PrintStream out;

    private Main(DayModel model, PrintStream out) {
        this.model = model;
        this.out = out;
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        if (arguments.length != 6) {
            out.println("usage: Main FILE SCHEMA USER URL CA-FILE TOKEN-FILE");
            System.exit(2);
        }
        String token = new String(Files.readAllBytes(Paths.get(arguments[5])), StandardCharsets.US_ASCII).trim();
        try (Replica replica = new Replica.Options(arguments[0]).schema(Files.readAllBytes(Paths.get(arguments[1])))
            .user(UUID.fromString(arguments[2])).open();
             DayModel model = new DayModel(replica, transport(arguments[3], Paths.get(arguments[4])),
                 refused -> refused ? null : token);
             BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            new Main(model, out).run(in);
        }
    }

    /** Trusts one authority; an app of a public server needs none of this. */
    private static UrlTransport transport(String url, Path authority) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream file = Files.newInputStream(authority)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return new UrlTransport(url, context.getSocketFactory());
    }

    private void run(BufferedReader in) throws IOException {
        out.println("today, take N, skip N, sync, conflicts, reinstate N, quit");
        for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
            try {
                obey(line.trim().split(" +"));
            } catch (TernException e) {
                out.println(new Words(Settings.Language.ENGLISH, false).problem(e));
            } catch (IndexOutOfBoundsException | NumberFormatException e) {
                out.println("there is no such number");
            }
        }
    }

    private void obey(String[] words) {
        switch (words[0]) {
            case "today":
                show(model.today());
                break;
            case "take":
                out.println(model.take(dose(words)));
                break;
            case "skip":
                model.skip(dose(words), null);
                out.println("skipped");
                break;
            case "sync":
                out.println(model.sync());
                break;
            case "conflicts":
                for (DayModel.Conflict conflict : model.conflicts()) {
                    out.println("lost " + conflict.lost + ", kept " + conflict.kept);
                }
                break;
            case "reinstate":
                model.reinstate(model.conflicts().get(number(words)).audit);
                out.println("reinstated");
                break;
            default:
                out.println("no such command");
        }
    }

    private UUID dose(String[] words) {
        return model.today().get(number(words)).id;
    }

    private static int number(String[] words) {
        return Integer.parseInt(words[1]) - 1;
    }

    private void show(List<Dose> doses) {
        int number = 1;
        for (Dose dose : doses) {
            out.println(number++ + ". " + CLOCK.format(dose.scheduled) + " " + dose.medicineName + " " + dose.status);
        }
        out.println(model.waiting() + " to be sent");
    }
}
