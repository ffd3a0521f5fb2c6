// SPDX-License-Identifier: Apache-2.0
// java KrbLogin.java USER SERVICE@HOST KEYTAB SERVICEPRINCIPAL < password
// Logs in with Krb5LoginModule, initiates a context to the service and accepts it with the keytab. Prints who came in, and what she sent.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.PrivilegedExceptionAction;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.PasswordCallback;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;

class KrbLogin {
	static Subject login(Map<String, String> options, char[] password) throws Exception {
		Configuration conf = new Configuration() {
			public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
				return new AppConfigurationEntry[] { new AppConfigurationEntry("com.sun.security.auth.module.Krb5LoginModule",
					AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options) };
			}
		};
		CallbackHandler answer = callbacks -> {
			for (Callback c : callbacks)
				if (c instanceof PasswordCallback p)
					p.setPassword(password);
		};
		LoginContext lc = new LoginContext("test", new Subject(), answer, conf);
		lc.login();
		return lc.getSubject();
	}

	@SuppressWarnings("removal")
	static <T> T as(Subject s, PrivilegedExceptionAction<T> what) throws Exception {
		return Subject.doAs(s, what);
	}

	public static void main(String[] args) throws Exception {
		char[] password = new BufferedReader(new InputStreamReader(System.in)).readLine().toCharArray();
		Subject alice = login(Map.of("principal", args[0], "useTicketCache", "false"), password);
		System.out.println("login " + alice.getPrincipals().iterator().next());
		Subject service = login(Map.of("principal", args[3], "useKeyTab", "true", "keyTab", args[2], "storeKey", "true", "isInitiator", "false"),
			null);
		GSSManager m = GSSManager.getInstance();
		Oid krb5 = new Oid("1.2.840.113554.1.2.2");
		GSSContext b = as(service, () -> m.createContext(m.createCredential(null, GSSCredential.INDEFINITE_LIFETIME, krb5,
			GSSCredential.ACCEPT_ONLY)));
		GSSContext a = as(alice, () -> {
			GSSContext c = m.createContext(m.createName(args[1], GSSName.NT_HOSTBASED_SERVICE), krb5, null, GSSContext.DEFAULT_LIFETIME);
			c.requestMutualAuth(true);
			c.requestConf(true);
			return c;
		});
		byte[] token = as(alice, () -> a.initSecContext(new byte[0], 0, 0));
		byte[] to = token;
		byte[] back = as(service, () -> b.acceptSecContext(to, 0, to.length));
		as(alice, () -> a.initSecContext(back, 0, back.length));
		System.out.println("accepted " + b.getSrcName());
		byte[] sealed = a.wrap("hello".getBytes(StandardCharsets.UTF_8), 0, 5, new MessageProp(0, true));
		System.out.println("said " + new String(b.unwrap(sealed, 0, sealed.length, new MessageProp(0, true)), StandardCharsets.UTF_8));
	}
}
