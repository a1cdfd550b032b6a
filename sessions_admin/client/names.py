"""Common names for what ua-parser, client hints and user agents call differently."""

from __future__ import annotations

OS_NAMES = {
    "ATV OS X": "tvOS",
    "Chrome OS": "ChromeOS",
    "Chromecast Android": "Android",
    "Chromecast Fuchsia": "Fuchsia",
    "Chromium OS": "ChromeOS",
    "Mac OS X": "macOS",
    "WatchOS": "watchOS",
    "Web0S": "webOS",
}
BROWSER_NAMES = {
    "Android": "Android Browser",
    # ua-parser returns this for every web view on a Mac; nobody signs in from Mail itself.
    "Apple Mail": "In-app browser",
    "BlackBerry WebKit": "BlackBerry",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "In-app browser",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Baidu Explorer": "Baidu",
    "Ecosia Android": "Ecosia",
    "Ecosia iOS": "Ecosia",
    "Edge Mobile": "Edge",
    "Epiphany": "GNOME Web",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Google": "Google app",
    "Google Chrome": "Chrome",
    "HeadlessChrome": "Headless Chrome",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Microsoft Edge": "Edge",
    "MiuiBrowser": "Mi Browser",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "In-app browser",
    "Oculus Browser": "Meta Quest Browser",
    "Opera Mini Android": "Opera Mini",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "QQ Browser Mobile": "QQ Browser",
    "Slack Desktop Client": "Slack",
    "Slackbot-LinkExpanding": "Slackbot",
    "Twitter": "X (Twitter)",
    "VivoBrowser": "vivo Browser",
    "WeChat Browser": "WeChat",
    "YaBrowser": "Yandex Browser",
    "bingbot": "Bingbot",
}
PROGRAM_NAMES = {
    "Apache-HttpClient": "Apache HttpClient",
    "Go-http-client": "Go HTTP client",
    "GuzzleHttp": "Guzzle",
    "Java": "Java",
    "Java-http-client": "Java HTTP client",
    "PostmanRuntime": "Postman",
    "PowerShell": "PowerShell",
    "Python-urllib": "Python urllib",
    "Ruby": "Ruby",
    "WindowsPowerShell": "PowerShell",
    "insomnia": "Insomnia",
    "libwww-perl": "libwww-perl",
    "node": "Node.js",
    "HTTPie": "HTTPie",
    "python-httpx": "Python HTTPX",
    "python-urllib3": "Python urllib3",
}
# HTTP libraries that phone apps use, and browsers do not.
APP_LIBRARY_NAMES = {"okhttp": "OkHttp", "Dart": "Dart"}
# Fetchers of AI services, which ua-parser does not name, or names after the URL they send.
BOTS = ("ChatGPT-User", "Claude-User", "Perplexity-User", "meta-externalagent")
# Products in a user agent that identify an app or a browser, whatever else it contains.
# The first match wins: WeChat uses QQ Browser's engine, so it comes first.
PRODUCT_NAMES = {
    **{bot: bot for bot in BOTS},
    "wxwork": "WeCom",
    "MicroMessenger": "WeChat",
    "QQ": "QQ",
    "YaApp_Android": "Yandex",
    "YaApp_iOS": "Yandex",
    "YaSearchBrowser": "Yandex",
    "AlipayClient": "Alipay",
    "AliApp(TB": "Taobao",
    "DingTalk": "DingTalk",
    "Lark": "Lark",
    "Feishu": "Feishu",
    "KAKAOTALK": "KakaoTalk",
    "NAVER(inapp": "NAVER",
    "VKAndroidApp": "VK",
    "VKClient": "VK",
    "TeamsMobile-iOS": "Microsoft Teams",
    "TeamsMobile-Android": "Microsoft Teams",
    "Focus": "Firefox Focus",
    "Klar": "Firefox Klar",
    "Falkon": "Falkon",
    "GameOverlay": "Steam",
    "NintendoBrowser": "Nintendo Browser",
    "OWB": "Odyssey",
    "PowerShell": "PowerShell",
    "WebPositive": "WebPositive",
    "[LinkedInApp]": "LinkedIn",
    "LinkedInApp": "LinkedIn",
    "[FB_IAB/Orca-Android": "Messenger",
    "[FBAN/MessengerForiOS": "Messenger",
    "Barcelona": "Threads",
    "PaleMoon": "Pale Moon",
    "360SE": "360 Browser",
    "360EE": "360 Browser",
    "MetaSr": "Sogou Explorer",
    "LBBROWSER": "Liebao",
    "KiwiBrowser": "Kiwi",
}
# Products that identify the engine, the web view or the network, not the app.
ENGINE_PRODUCTS = {
    *(
        "Mozilla",
        "AppleWebKit",
        "Gecko",
        "KHTML",
        "Presto",
        "Chrome",
        "Chromium",
        "CriOS",
        "Safari",
    ),
    *(
        "Mobile",
        "Version",
        "Build",
        "WebKit",
        "QtWebEngine",
        "ArkWeb",
        "GSA",
        "SA",
        "BroPP",
        "XWEB",
    ),
    *(
        "TBS",
        "COVC",
        "MQQBrowser",
        "MMWEBSDK",
        "MMWEBID",
        "MiniProgramEnv",
        "WindowsWechat",
        "NetType",
    ),
    *("Language", "ABI", "WebP", "Pixel", "UWS", "U4", "WindVane", "Ariver", "CrKey", "DeviceType"),
    *(
        "Dalvik",
        "AppName",
        "app_version",
        "DMOST",
        "BytedanceWebview",
        "JsSdk",
        "Puffin",
        "WebView",
        "Goanna",
        "Servo",
        "LibWeb",
        "NF",
        "NX",
    ),
}
# Families that ua-parser derives from the engine: the app itself may be another one.
ENGINE_FAMILIES = {
    *("Android", "Apple Mail", "Chrome", "Chrome Mobile", "Chrome Mobile WebView", "Chromium"),
    *("Chrome Mobile iOS", "Mobile Safari", "Mobile Safari UI/WKWebView", "Other", "Safari"),
    *("QQ Browser", "QQ Browser Mobile", "Qt Web Engine", "WebKit Nightly"),
}
# Families of browsers and programs that others are built on, which name themselves behind it.
FIREFOX_FAMILIES = {"Firefox", "Firefox Mobile"}
# What may follow Firefox and is no program.
NO_PROGRAMS = {"KAIOS", "Gecko", "Mobile", "Ubuntu", "Fedora", "Debian"}
# HTTP libraries that apps name after their own name in the user agent.
APP_LIBRARIES = {"Alamofire", "CFNetwork", "Cronet", "Dart", "okhttp"}
# Products in the user agent of every Electron app, besides the app's own.
ELECTRON_PRODUCTS = {"Mozilla", "AppleWebKit", "Chrome", "Electron", "Safari"}
SCREEN_NAMES = {
    "Chromecast": "Chromecast",
    "LG Web0S SmartTV": "LG TV",
    "Samsung SMART-TV": "Samsung TV",
}
