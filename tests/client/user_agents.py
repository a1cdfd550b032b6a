"""User agents as browsers and clients send them, and what people call what sends them.

Each entry is the user agent, then any User-Agent Client Hints as sent, then what the page says:

    = browser | its version | operating system | device | kind

The strings are those that sites see, or have the form that their makers document: ua-parser's
public test data (uap-core); MDN's pages on User-Agent, Firefox's user agents and Sec-CH-UA;
Chromium's "User-Agent Reduction" and the Chrome developers' pages on it; Apple's and WebKit's notes
on Safari 26, whose user agent keeps iOS 18; Microsoft's "Detect Windows 11 using User-Agent Client
Hints"; Samsung Internet's, Amazon Silk's, Opera's, HarmonyOS's, webOS TV's and Tizen's
documentation; the pages on which crawlers describe themselves; and samples of browsers seen on the
public web in 2025 and 2026. Some sets of hints are put together from those forms, with a version or
a model that exists.
"""

from __future__ import annotations

from typing import NamedTuple

AGENTS = """
# --- Chrome and Chromium, on computers ---
# Its version is reduced to the major one, Windows frozen at 10.0 and macOS at 10.15.7.
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36
= Chrome | 141 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36
Sec-CH-UA: "Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"
Sec-CH-UA-Full-Version-List: "Not)A;Brand";v="8.0.0.0", "Chromium";v="138.0.7204.184", "Google Chrome";v="138.0.7204.184"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Model: ""
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "19.0.0"
= Chrome | 138.0.7204.184 | Windows 11 | Windows 11 | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36
Sec-CH-UA-Full-Version-List: "Chromium";v="128.0.6613.139", "Not;A=Brand";v="24.0.0.0", "Google Chrome";v="128.0.6613.139"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "10.0.0"
= Chrome | 128.0.6613.139 | Windows 10 | Windows 10 | desktop
# Before its reduction, and before Windows 10.
Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.5414.120 Safari/537.36
= Chrome | 109.0.5414.120 | Windows 7 | Windows 7 | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "0.1.0"
= Chrome | 109 | Windows 7 | Windows 7 | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "0.2.0"
= Chrome | 109 | Windows 8 | Windows 8 | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "0.3.0"
= Chrome | 109 | Windows 8.1 | Windows 8.1 | desktop
# The three low-entropy hints, which come with the very first request.
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36
Sec-CH-UA: "Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "Windows"
= Chrome | 141 | Windows | Windows | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/155.0.0.0 Safari/537.36
= Chrome | 155 | macOS | macOS | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36
Sec-CH-UA-Full-Version-List: "Chromium";v="142.0.7444.60", "Google Chrome";v="142.0.7444.60", "Not_A Brand";v="99.0.0.0"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "macOS"
Sec-CH-UA-Platform-Version: "15.5.0"
= Chrome | 142.0.7444.60 | macOS 15.5 | macOS 15.5 | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36
Sec-CH-UA-Platform: "macOS"
Sec-CH-UA-Platform-Version: "26.0.0"
= Chrome | 142 | macOS 26 | macOS 26 | desktop
# An old version of macOS: it may be true, but the versions in user agents are not reliable.
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.5060.134 Safari/537.36
= Chrome | 103.0.5060.134 | macOS | macOS | desktop
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36
= Chrome | 154 | Linux | Linux | desktop
# Linux tells its kernel, or nothing.
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36
Sec-CH-UA-Full-Version-List: "Not.A/Brand";v="8.0.0.0", "Chromium";v="114.0.5735.110", "Google Chrome";v="114.0.5735.110"
Sec-CH-UA-Platform: "Linux"
Sec-CH-UA-Platform-Version: "6.2.0"
= Chrome | 114.0.5735.110 | Linux | Linux | desktop
Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 Safari/537.36
= Chrome | 152 | ChromeOS | ChromeOS | desktop
Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36
Sec-CH-UA-Platform: "Chrome OS"
Sec-CH-UA-Platform-Version: "16371.65.0"
Sec-CH-UA-Full-Version-List: "Google Chrome";v="141.0.7390.108", "Not?A_Brand";v="8.0.0.0", "Chromium";v="141.0.7390.108"
= Chrome | 141.0.7390.108 | ChromeOS | ChromeOS | desktop
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/80.0.3987.149 Chrome/80.0.3987.149 Safari/537.36
= Chromium | 80.0.3987.149 | Ubuntu | Ubuntu | desktop
# Chromium says Chrome in its user agent, and the truth in its hints.
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36
Sec-CH-UA: "Chromium";v="145", "Not:A-Brand";v="99"
Sec-CH-UA-Platform: "Linux"
= Chromium | 145 | Linux | Linux | desktop
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.6778.33 Safari/537.36
= Headless Chrome | 131.0.6778.33 | Linux | Linux | bot

# --- Edge ---
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36 Edg/154.0.0.0
= Edge | 154 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 Edg/114.0.1823.43
Sec-CH-UA: "Not.A/Brand";v="8", "Chromium";v="114", "Microsoft Edge";v="114"
Sec-CH-UA-Full-Version-List: "Not.A/Brand";v="8.0.0.0", "Chromium";v="114.0.5735.110", "Microsoft Edge";v="114.0.1823.43"
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "15.0.0"
= Edge | 114.0.1823.43 | Windows 11 | Windows 11 | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/135.0.0.0 Safari/537.36 Edg/135.0.0.0
= Edge | 135 | macOS | macOS | desktop
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0
= Edge | 131 | Linux | Linux | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.102 Safari/537.36 Edge/18.19582
= Edge | 18.19582 | Windows | Windows | desktop
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/135.0.0.0 Mobile Safari/537.36 EdgA/135.0.0.0
= Edge | 135 | Android | Android | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Mobile Safari/537.36 EdgA/134.0.0.0
Sec-CH-UA-Full-Version-List: "Chromium";v="134.0.6998.135", "Not:A-Brand";v="24.0.0.0", "Microsoft Edge";v="134.0.3124.95"
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Model: "SM-S918B"
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "14.0.0"
= Edge | 134.0.3124.95 | Android 14 | Samsung SM-S918B | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/134.0.3124.95 Version/18.0 Mobile/15E148 Safari/604.1
= Edge | 134.0.3124.95 | iOS 18.3 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 26_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/153.0.4234.46 Version/26.0 Mobile/15E148 Safari/604.1
= Edge | 153.0.4234.46 | iOS 26.6 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/138.0.3351.113 Version/18.0 Mobile/15E148 Safari/604.1
= Edge | 138.0.3351.113 | iOS 18.6 | iPhone | phone
Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko
= Internet Explorer | 11 | Windows 7 | Windows 7 | desktop
Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko
= Internet Explorer | 11 | Windows | Windows | desktop

# --- Firefox ---
Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:149.0) Gecko/20100101 Firefox/149.0
= Firefox | 149 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0
= Firefox | 115 | Windows 7 | Windows 7 | desktop
Mozilla/5.0 (Windows NT 5.1; rv:52.0) Gecko/20100101 Firefox/52.0
= Firefox | 52 | Windows XP | Windows XP | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0
= Firefox | 144 | macOS | macOS | desktop
Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
= Firefox | 140 | Linux | Linux | desktop
Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:137.0) Gecko/20100101 Firefox/137.0
= Firefox | 137 | Ubuntu | Ubuntu | desktop
Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0
= Firefox | 133 | Fedora | Fedora | desktop
Mozilla/5.0 (X11; FreeBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0
= Firefox | 128 | FreeBSD | FreeBSD | desktop
Mozilla/5.0 (Android 17; Mobile; rv:156.0) Gecko/156.0 Firefox/156.0
= Firefox | 156 | Android 17 | Android 17 | phone
Mozilla/5.0 (Android 14; Tablet; rv:132.0) Gecko/132.0 Firefox/132.0
= Firefox | 132 | Android 14 | Android 14 | tablet
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/137.0  Mobile/15E148 Safari/605.1.15
= Firefox | 137 | iOS 18.3 | iPhone | phone
# 18.7 is what every later iOS says too.
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/156.1 Mobile/15E148 Safari/604.1
= Firefox | 156.1 | iOS | iPhone | phone
Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15
= Firefox | 127 | iPadOS 17.5 | iPad | tablet
Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0 Focus/130.0
= Firefox Focus | 130 | Android 14 | Android 14 | phone
Mozilla/5.0 (Linux; Android 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Focus/1.0 Chrome/59.0.3029.83 Mobile Safari/537.36
= Firefox Focus | 1 | Android 7 | Android 7 | phone
Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0
= Thunderbird | 128.5.0 | Linux | Linux | desktop

# --- Safari ---
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15
= Safari | 17.6 | macOS | macOS | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.5 Safari/605.1.15
= Safari | 26.5 | macOS | macOS | desktop
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
= Safari | 17.5 | iOS 17.5 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1
= Safari | 18.6 | iOS 18.6 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1
= Safari | 26 | iOS 26 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6.2 Mobile/15E148 Safari/604.1
= Safari | 26.6.2 | iOS 26.6 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 16_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.4 Mobile/15E148 Safari/604.1
= Safari | 16.4 | iOS 16.4 | iPhone | phone
Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1
= Safari | 17.6 | iPadOS 17.7 | iPad | tablet
Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1
= Safari | 26.1 | iPadOS 26.1 | iPad | tablet
Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1
= Safari | 12.1.2 | iOS 12.5 | iPod | phone

# --- Other browsers on iPhone and iPad ---
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/135.0.7049.83 Mobile/15E148 Safari/604.1
= Chrome | 135.0.7049.83 | iOS 18.3 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1
= Chrome | 141.0.7390.41 | iOS 18.6 | iPhone | phone
Mozilla/5.0 (iPad; CPU OS 26_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/154.0.8037.55 Mobile/15E148 Safari/604.1
= Chrome | 154.0.8037.55 | iPadOS 26.6 | iPad | tablet
Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1
= Chrome | 126.0.6478.54 | iPadOS 17.5 | iPad | tablet
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.5.2 Mobile/15E148 Safari/604.1 Brave
= Brave | | iOS 26.5 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1 Ddg/18.3
= DuckDuckGo | 18.3 | iOS 18.3 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Mobile/15E148 Safari/604.1 OPT/6.7.3
= Opera | 6.7.3 | iOS 26.6 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/605.1.15 (Ecosia ios@11.0.2.2268)
= Ecosia | 11.0.2.2268 | iOS 18.4 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 YaBrowser/24.1.8.486.10 SA/3 Mobile/15E148 Safari/604.1
= Yandex Browser | 24.1.8.486.10 | iOS 17.4 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X; en) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 UCBrowser/14.1.5.2415 Safari/604.1
= UC Browser | 14.1.5.2415 | iOS 17.5 | iPhone | phone

# --- Chrome and its kin on Android ---
# Reduced: every phone says Android 10 and the model K.
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36
= Chrome | 141 | Android | Android | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36
= Chrome | 154 | Android | Android | tablet
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36
Sec-CH-UA: "Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"
Sec-CH-UA-Full-Version-List: "Google Chrome";v="131.0.6778.86", "Chromium";v="131.0.6778.86", "Not_A Brand";v="24.0.0.0"
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Model: "Pixel 8 Pro"
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "15.0.0"
= Chrome | 131.0.6778.86 | Android 15 | Pixel 8 Pro | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Model: "SM-A546B"
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "14.0.0"
= Chrome | 138 | Android 14 | Samsung SM-A546B | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Model: "SM-X710"
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "14.0.0"
= Chrome | 138 | Android 14 | Samsung SM-X710 | tablet
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Model: "Redmi Note 8 Pro"
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "11.0.0"
= Chrome | 131 | Android 11 | Redmi Note 8 Pro | phone
# A browser that tells the system and keeps the model.
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Model: ""
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "13.0.0"
= Chrome | 131 | Android 13 | Android 13 | phone
# Asked for the page as a computer would see it, Android says Linux, and no hint tells.
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "Linux"
= Chrome | 131 | Linux | Linux | desktop
# Before the reduction.
Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
= Chrome | 126 | Android 13 | Pixel 7 | phone
Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.207 Mobile Safari/537.36
= Chrome | 140.0.7339.207 | Android 15 | Pixel 9 | phone
Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/41.0.2272.96 Mobile Safari/537.36
= Chrome | 41.0.2272.96 | Android 6 | Nexus 5X | phone
Mozilla/5.0 (Linux; Android 12; SM-G970U) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.61 Mobile Safari/537.36
= Chrome | 96.0.4664.61 | Android 12 | Samsung SM-G970U | phone
Mozilla/5.0 (Linux; Android 12; SM-T500) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 Safari/537.36
= Chrome | 99.0.4844.88 | Android 12 | Samsung SM-T500 | tablet
Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36
= Chrome | 153 | Android 11 | Motorola g power (2022) | phone
Mozilla/5.0 (Linux; Android 13; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36
= Chrome | 112 | Android 13 | M2101K6G | phone
Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36
= Chrome | 112 | Android 10 | Huawei VOG-L29 | phone
Mozilla/5.0 (Linux; Android 12; ONEPLUS A6013) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36
= Chrome | 112 | Android 12 | ONEPLUS A6013 | phone
Mozilla/5.0 (Linux; Android 4.4.2; Nexus 5 Build/KOT49H) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/35.0.1916.122 Mobile Safari/537.36
= Chrome | 35.0.1916.122 | Android 4.4 | Nexus 5 | phone
Mozilla/5.0 (Linux; U; Android 4.0.3; en-us; GT-P3100 Build/IML74K) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30
= Android Browser | 4.0.3 | Android 4 | Samsung GT-P3100 | tablet

# --- Samsung Internet, Opera, Brave, Vivaldi, Yandex, DuckDuckGo and others ---
Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36
= Samsung Internet | 28 | Android 14 | Samsung SM-S921B | phone
Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36
= Samsung Internet | 25 | Android 14 | Samsung SM-S911B | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/143.0.0.0 Mobile Safari/537.36
= Samsung Internet | 30 | Android | Android | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36
Sec-CH-UA: "Chromium";v="136", "Samsung Internet";v="29.0", "Not.A/Brand";v="99"
Sec-CH-UA-Full-Version-List: "Chromium";v="136.0.7103.125", "Samsung Internet";v="29.0.4.80", "Not.A/Brand";v="99.0.0.0"
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Model: "SM-S938B"
Sec-CH-UA-Platform: "Android"
Sec-CH-UA-Platform-Version: "15.0.0"
= Samsung Internet | 29.0.4.80 | Android 15 | Samsung SM-S938B | phone
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/143.0.0.0 Safari/537.36
= Samsung Internet | 30 | Android | Android | tablet
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 Safari/537.36 OPR/136.0.0.0
= Opera | 136 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36 OPR/104.0.0.0
Sec-CH-UA-Full-Version-List: "Chromium";v="118.0.5993.159", "Opera";v="104.0.4944.54", "Not=A?Brand";v="99.0.0.0"
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "15.0.0"
= Opera | 104.0.4944.54 | Windows 11 | Windows 11 | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/113.0.0.0 Safari/537.36 OPR/99.0.0.0
Sec-CH-UA: "Opera GX";v="99", "Chromium";v="113", "Not-A.Brand";v="24"
Sec-CH-UA-Full-Version-List: "Opera GX";v="99.0.4788.86", "Chromium";v="113.0.5672.127", "Not-A.Brand";v="24.0.0.0"
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "10.0.0"
= Opera GX | 99.0.4788.86 | Windows 10 | Windows 10 | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 OPR/117.0.0.0
= Opera | 117 | macOS | macOS | desktop
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Mobile Safari/537.36 OPR/88.0.0.0
= Opera | 88 | Android | Android | phone
Mozilla/5.0 (Linux; U; Android 13; SM-A135F Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/143.0.7499.34 Mobile Safari/537.36 OPR/97.0.2254.74989
Sec-CH-UA: "Opera Mini Android";v="97", "Android WebView";v="143", "Chromium";v="143", "Not A(Brand";v="24"
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Platform: "Android"
= Opera Mini | 97 | Android 13 | Samsung SM-A135F | phone
Opera/9.80 (Android; Opera Mini/36.2.2254/191.256; U; en) Presto/2.12.423 Version/12.16
= Opera Mini | 36.2.2254 | Android | Android | phone
Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10
= Opera Mini | 7.1.32052 | | | phone
Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18
= Opera | 12.18 | Windows 7 | Windows 7 | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36
Sec-CH-UA: "Not(A:Brand";v="99", "Brave";v="133", "Chromium";v="133"
Sec-CH-UA-Full-Version-List: "Not(A:Brand";v="99.0.0.0", "Brave";v="133.0.0.0", "Chromium";v="133.0.0.0"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "Windows"
Sec-CH-UA-Platform-Version: "19.0.0"
= Brave | 133 | Windows 11 | Windows 11 | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36
Sec-CH-UA: "Brave";v="141", "Not?A_Brand";v="8", "Chromium";v="141"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "macOS"
= Brave | 141 | macOS | macOS | desktop
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
Sec-CH-UA: "Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126", "Vivaldi";v="6.8"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "Linux"
= Vivaldi | 6.8 | Linux | Linux | desktop
Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36 Vivaldi/6.5.3206.63
= Vivaldi | 6.5.3206.63 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 YaBrowser/25.2.0.0 Safari/537.36
= Yandex Browser | 25.2 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 YaBrowser/25.6.0.0 Safari/537.36
Sec-CH-UA: "Chromium";v="136", "YaBrowser";v="25.6", "Not.A/Brand";v="99", "Yowser";v="2.5"
Sec-CH-UA-Mobile: ?0
Sec-CH-UA-Platform: "Windows"
= Yandex Browser | 25.6 | Windows | Windows | desktop
Mozilla/5.0 (Linux; arm_64; Android 12; CTR-L81) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.7871.119 YaBrowser/26.8.3.119.00 Mobile Safari/537.36
= Yandex Browser | 26.8.3.119.00 | Android 12 | Huawei CTR-L81 | phone
Mozilla/5.0 (Linux; Android 17) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/153.0.0.0 Mobile DuckDuckGo/5 Safari/537.36
= DuckDuckGo | 5 | Android 17 | Android 17 | phone
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3.1 Safari/605.1.15 Ddg/18.3.1
= DuckDuckGo | 18.3.1 | macOS | macOS | desktop
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36 (Ecosia android@150.0.0.0)
= Ecosia | 150 | Android | Android | phone
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Whale/3.27.254.15 Safari/537.36
= Whale | 3.27.254.15 | Windows | Windows | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Avast/133.0.0.0
= Avast Secure Browser | 133 | Windows | Windows | desktop
# Arc calls itself Chrome, in its hints too.
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36
Sec-CH-UA: "Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"
Sec-CH-UA-Platform: "macOS"
Sec-CH-UA-Platform-Version: "14.6.1"
= Chrome | 131 | macOS 14.6 | macOS 14.6 | desktop
Mozilla/5.0 (Linux; Android 11; KFTUWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/134.1.82 like Chrome/134.0.6998.135 Safari/537.36
= Amazon Silk | 134.1.82 | Android 11 | Amazon Fire | tablet
Mozilla/5.0 (Linux; Android 11; KFTUWI) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.7977.120 Safari/537.36
= Chrome | 152.0.7977.120 | Android 11 | Amazon KFTUWI | tablet
Mozilla/5.0 (Linux; U; Android 4.0.3; en-us; KFTT Build/IML74K) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30
= Android Browser | 4.0.3 | Android 4 | Kindle Fire HD 7" | tablet
Mozilla/5.0 (Linux; U; Android 14; zh-cn; 23013RK75C Build/UKQ1.230804.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.6045.193 Mobile Safari/537.36 XiaoMi/MiuiBrowser/18.6.70920
= Mi Browser | 18.6.70920 | Android 14 | Android 14 | phone
Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AL10; HMSCore 6.8.0.332) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.0.310 Mobile Safari/537.36
= Huawei Browser | 13.0.0.310 | Android 12 | Android 12 | phone
Mozilla/5.0 (Linux; Android 10; ART-L29N; HMSCore 6.13.0.321) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/14.0.5.303 Mobile Safari/537.36
= Huawei Browser | 14.0.5.303 | Android 10 | Android 10 | phone
Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300
= Huawei Browser | 5.0.4.300 | HarmonyOS 5 | HarmonyOS 5 | phone
Mozilla/5.0 (Tablet; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 HuaweiBrowser/5.0.4.300
= Huawei Browser | 5.0.4.300 | HarmonyOS 5 | HarmonyOS 5 | tablet
Mozilla/5.0 (Linux; U; Android 11; en-US; RMX3231 Build/RP1A.201005.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.4.0.1306 Mobile Safari/537.36
= UC Browser | 13.4.0.1306 | Android 11 | Oppo RMX3231 | phone
Mozilla/5.0 (Linux; U; Android 12; zh-cn; V2118A Build/SP1A.210812.003) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/98.0.4758.102 MQQBrowser/13.6 Mobile Safari/537.36
= QQ Browser | 13.6 | Android 12 | Android 12 | phone
Mozilla/5.0 (Mobile; Nokia 2780 Flip; rv:84.0) Gecko/84.0 Firefox/84.0 KAIOS/3.1
= Firefox | 84 | KaiOS 3.1 | Nokia 2780 | phone
Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.1
= Firefox | 48 | KaiOS 2.5 | Nokia 8110 | phone
Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 Safari/533.2+ Kindle/3.0+
= Kindle | 3 | Kindle 3 | Kindle 3.0 | tablet
Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063
= Edge | 15.15063 | Windows Phone 10 | Lumia 950 | phone
Mozilla/5.0 (BB10; Touch) AppleWebKit/537.3+ (KHTML, like Gecko) Version/10.0.9.388 Mobile Safari/537.3+
= BlackBerry | 10.0.9.388 | BlackBerry OS 10 | BlackBerry Touch | phone

# --- Browsers inside apps: the app is what people know ---
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/501.2.0.65.109;FBBV/717317385;FBDV/iPhone12,8;FBMD/iPhone;FBSN/iOS;FBSV/18.3.2;FBSS/2;FBCR/;FBID/phone;FBLC/en_US;FBOP/80]
= Facebook | 501.2.0 | iOS 18.3 | iPhone | phone
Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/490.0.0.63.82;]
= Facebook | 490 | Android 14 | Samsung SM-S911B | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22D82 Instagram 375.2.0.33.77 (iPhone16,1; iOS 18_3_2; en_US; en; scale=3.00; 1179x2556; 719346134)
= Instagram | 375.2.0 | iOS 18.3 | iPhone | phone
Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36 Instagram 361.0.0.46.88 Android (34/14; 480dpi; 1080x2115; samsung; SM-S911B; dm1q; qcom; en_US; 671550623)
Sec-CH-UA: "Android WebView";v="131", "Chromium";v="131", "Not_A Brand";v="24"
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Platform: "Android"
= Instagram | 361 | Android 14 | Samsung SM-S911B | phone
Mozilla/5.0 (Linux; Android 16; SM-S926U Build/BP4A.251205.006; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/153.0.8010.36 Mobile Safari/537.36 Barcelona 448.0.0.54.85 Android (36/16; 540dpi; 1080x2340; samsung; SM-S926U; e2q; qcom; en_US; 1073639361)
= Threads | | Android 16 | Samsung SM-S926U | phone
Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.179 Mobile Safari/537.36 trill_340204 BytedanceWebview/d8a21c6
= TikTok | | Android 13 | Samsung SM-A536B | phone
Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_40.6.0 BytedanceWebview/d8a21c6
= TikTok | 40.6.0 | iPadOS 18.5 | iPad | tablet
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.8126
= LinkedIn | 9.29.8126 | iOS 17.5 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.5.2 Mobile/15E148 Safari/604.1 [LinkedInApp]/9.51.6066
= LinkedIn | 9.51.6066 | iOS 26.5 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49(0x1800312d) NetType/WIFI Language/en
= WeChat | 8.0.49 | iOS 17.5 | iPhone | phone
Mozilla/5.0 (Linux; Android 13; SM-G981U1 Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/135.0.7049.38 Mobile Safari/537.36 Line/15.4.2/IAB
= LINE | 15.4.2 | Android 13 | Samsung SM-G981U1 | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6.1 Mobile/15E148 Snapchat/14.25.0.48 (like Safari/8624.5.1.10.3, panda)
= Snapchat | 14.25.0.48 | iOS 26.6 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22D82 Twitter for iPhone/10.91
= X (Twitter) | 10.91 | iOS 18.3 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]
= Pinterest | | iOS 18.5 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 26_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/433.5.957829776 Mobile/15E148 Safari/604.1
= Google app | 433.5.957829776 | iOS 26.6 | iPhone | phone
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148
= In-app browser | | iOS | iPhone | phone
Mozilla/5.0 (Linux; Android 7.1.2; Nexus 5X Build/N2G47W; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/58.0.3029.83 Mobile Safari/537.36
= In-app browser | | Android 7.1 | Nexus 5X | phone
# A web view that hints at no model, as some do: what the user agent names stays.
Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A.240705.005; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.134 Mobile Safari/537.36
Sec-CH-UA: "Not/A)Brand";v="8", "Chromium";v="126", "Android WebView";v="126"
Sec-CH-UA-Mobile: ?1
Sec-CH-UA-Platform: "Android"
= In-app browser | | Android 14 | Pixel 8 | phone

# --- Native clients ---
Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.230803.041)
= Android app | | Android 14 | Pixel 8 | app
Dalvik/2.1.0 (Linux; U; Android 14; SM-S921B Build/UP1A.231005.007)
= Android app | | Android 14 | Samsung SM-S921B | app
okhttp/4.12.0
= OkHttp | 4.12.0 | | | app
Sessions/412 CFNetwork/1568.300.101 Darwin/24.2.0
= Sessions | 412 | iOS 18.2 | iOS 18.2 | app
My%20Sessions/7 CFNetwork/1410.0.3 Darwin/22.6.0
= My Sessions | 7 | iOS 16 | iOS 16 | app
SessionsDemo/4.12 (iPhone16,2; iOS 18.6; Scale/3.00)
= SessionsDemo | 4.12 | iOS 18.6 | iPhone | app
Sessions/2.3.1 (example.sessions; build:231; iOS 17.5.1) Alamofire/5.9.1
= Sessions | 2.3.1 | iOS 17.5 | iOS 17.5 | app
Dart/3.5 (dart:io)
= Dart | 3.5 | | | app

# --- Programs ---
curl/8.5.0
= curl | 8.5.0 | | | other
Wget/1.21.4
= Wget | 1.21.4 | | | other
python-requests/2.32.3
= Python Requests | 2.32.3 | | | other
python-httpx/0.27.2
= Python HTTPX | 0.27.2 | | | other
Python/3.12 aiohttp/3.10.5
= Python aiohttp | 3.10.5 | | | other
python-urllib3/2.2.2
= Python urllib3 | 2.2.2 | | | other
Python-urllib/3.12
= Python urllib | 3.12 | | | other
Go-http-client/2.0
= Go HTTP client | 2 | | | other
Java/17.0.9
= Java | 17.0.9 | | | other
Java-http-client/21.0.2
= Java HTTP client | 21.0.2 | | | other
Apache-HttpClient/4.5.13 (Java/11.0.20)
= Apache HttpClient | 4.5.13 | | | other
PostmanRuntime/7.42.0
= Postman | 7.42.0 | | | other
insomnia/10.0.0
= Insomnia | 10 | | | other
axios/1.7.7
= axios | 1.7.7 | | | other
node-fetch/1.0 (+https://github.com/bitinn/node-fetch)
= node-fetch | 1 | | | other
GuzzleHttp/7
= Guzzle | 7 | | | other
libwww-perl/6.77
= libwww-perl | 6.77 | | | other
HTTPie/3.2.3
= HTTPie | 3.2.3 | | | other
node
= Node.js | | | | other
Ruby
= Ruby | | | | other
Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1
= PowerShell | 5.1.19041.1 | Windows | Windows | other
Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.22631; en-US) PowerShell/7.4.1
= PowerShell | 7.4.1 | Windows | Windows | other

# --- Bots ---
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
= Googlebot | 2.1 | | | bot
Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.7390.122 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
= Googlebot | 2.1 | | | bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/103.0.5060.134 Safari/537.36
= Bingbot | 2 | | | bot
Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)
= YandexBot | 3 | | | bot
Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)
= Baiduspider | 2 | | | bot
Mozilla/5.0 (compatible; DuckDuckBot-Https/1.1; https://duckduckgo.com/duckduckbot)
= DuckDuckBot |  | | | bot
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)
= Applebot | 0.1 | | | bot
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
= FacebookBot | 1.1 | | | bot
Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
= Slackbot | 1 | | | bot
Twitterbot/1.0
= Twitterbot | 1 | | | bot
LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)
= LinkedInBot | 1 | | | bot
Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
= Discordbot | 2 | | | bot
TelegramBot (like TwitterBot)
= TelegramBot | | | | bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
= GPTBot | 1.2 | | | bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)
= ClaudeBot | 1 | | | bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)
= PerplexityBot | 1 | | | bot
CCBot/2.0 (https://commoncrawl.org/faq/)
= CCBot | 2 | | | bot
Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
= AhrefsBot | 7 | | | bot
Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
= SemrushBot | 7 | | | bot
Mozilla/5.0 (Linux; Android 8.0; Pixel 2 Build/OPD3.170816.012) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.9038.1080 Mobile Safari/537.36; Bytespider
= Bytespider | | | | bot
Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)
= UptimeRobot | 2 | | | bot
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 (Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot)
= Amazonbot | 0.1 | | | bot
Scrapy/2.11.2 (+https://scrapy.org)
= Scrapy | 2.11.2 | | | bot
# What fetches a page for somebody who talks to a machine.
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot
= ChatGPT-User | 1 | | | bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)
= Claude-User | 1 | | | bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)
= Perplexity-User | 1 | | | bot
meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
= meta-externalagent | 1.1 | | | bot

# --- Televisions, consoles and other things with a screen ---
Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15
= | | | PlayStation 5 | other
Mozilla/5.0 (PlayStation 4 11.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15
= | | | PlayStation 4 | other
Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0.2564.82 Safari/537.36 Edge/20.02
= Edge | 20.02 | Windows | Xbox | other
Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4 (KHTML, like Gecko) NF/6.0.1.15.4 NintendoBrowser/5.1.0.20393
= Nintendo Browser | 5.1.0.20393 | | Nintendo Switch | other
Mozilla/5.0 (Nintendo WiiU) AppleWebKit/534.52 (KHTML, like Gecko) NX/2.1.0.8.21 NintendoBrowser/1.0.0.7494.US
= Nintendo Browser | 1.0.0.7494.US | | Nintendo Wii U | other
Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.0 TV Safari/537.36
= | | Tizen 5 | Samsung TV | other
Mozilla/5.0 (SMART-TV; Linux; Tizen 2.3) AppleWebkit/538.1 (KHTML, like Gecko) SamsungBrowser/1.0 TV Safari/538.1
= Samsung Internet | 1 | Tizen 2.3 | Samsung TV | other
Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36 WebAppManager
= | | webOS | LG TV | other
Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7233; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36
= In-app browser | | Android 9 | Amazon Fire TV | other
Mozilla/5.0 (Linux; Android 12.0; Build/STTL.231215.001) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.6261.43 Safari/537.36 CrKey/1.56.500000 DeviceType/AndroidTV
= | | Android 12 | Chromecast | other
Mozilla/5.0 (Linux; Android 10; BRAVIA 4K UR2 Build/PTT1.190515.001.S104) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/113.0.5672.131 Safari/537.36
= | | Android 10 | Sony TV | other
Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/26.2.0.0.10 Chrome/110.0.5481.192 VR Safari/537.36
= Meta Quest Browser | 26.2.0.0.10 | Android | Meta Quest 3 | other

# --- Computers' apps ---
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.41.105 Chrome/130.0.6723.170 Electron/33.3.1 Safari/537.36 Sonic Slack_SSB/4.41.105
= Slack | 4.41.105 | Windows | Windows | desktop
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Sessions/1.4.0 Chrome/126.0.6478.234 Electron/31.7.7 Safari/537.36
= Sessions | 1.4.0 | macOS | macOS | desktop
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) discord/1.0.9163 Chrome/124.0.6367.243 Electron/30.2.0 Safari/537.36
= discord | 1.0.9163 | Windows | Windows | desktop
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.234 Electron/31.7.7 Safari/537.36
= Electron | 31.7.7 | Linux | Linux | desktop
# A web view of an app on a Mac; ua-parser takes it for Mail, in which nobody signs in.
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)
= In-app browser | | macOS | macOS | desktop

# --- Nothing recognisable ---
no such thing
= | | | | other
Mozilla/5.0
= | | | | other
-
= | | | | other
"""  # noqa: E501


class Agent(NamedTuple):
    """What one client sends, and what the page shows; ``os`` is name and version in one string."""

    user_agent: str
    headers: dict[str, str]
    browser: str
    version: str
    os: str
    device: str
    kind: str


def agents() -> list[Agent]:
    found: list[Agent] = []
    sent: list[str] = []
    for line in AGENTS.splitlines():
        if line.startswith("= "):
            user_agent, *hints = sent
            headers = dict(hint.split(": ", 1) for hint in hints)
            found.append(Agent(user_agent, headers, *(t.strip() for t in line[1:].split("|"))))
            sent = []
        elif line and not line.startswith("#"):
            sent.append(line)
    return found
