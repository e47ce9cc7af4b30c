import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceName } from '../../src/audit/device.ts';
import {
  BROWSERS,
  HARDWARE,
  PARSED_SYSTEMS,
  PROGRAMS,
  STANDALONE,
  SYSTEMS,
} from '../../src/audit/device-names.ts';
import { FIREFOX, IPHONE } from '../support/browser.ts';

/** Real user agents and the names shown. */
const DEVICES: readonly [name: string, userAgent: string | null][] = [
  ['Firefox on Linux', FIREFOX],
  ['Safari on iPhone', IPHONE],
  [
    'Chrome on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  ],
  [
    'Chrome on macOS',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  ],
  [
    'Chrome on Android',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
  ],
  [
    'Chrome on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1',
  ],
  [
    'Chrome on ChromeOS',
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  ],
  [
    'Chromium on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/80.0.3987.87 Chrome/80.0.3987.87 Safari/537.36',
  ],
  [
    'Headless Chrome on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.6478.61 Safari/537.36',
  ],
  [
    'Firefox on Linux',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  ],
  [
    'Firefox on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0',
  ],
  ['Firefox on Android', 'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0'],
  [
    'Firefox on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15',
  ],
  ['Firefox on FreeBSD', 'Mozilla/5.0 (X11; FreeBSD amd64; rv:126.0) Gecko/20100101 Firefox/126.0'],
  [
    'Firefox Focus on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/126.0 Focus/126.0 Mobile/15E148 Safari/605.1.15',
  ],
  [
    'Firefox Focus on Android',
    'Mozilla/5.0 (Linux; Android 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Focus/4.1.1 Chrome/62.0.3202.84 Mobile Safari/537.36',
  ],
  [
    'Safari on macOS',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  ],
  [
    'Safari on iPad',
    'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  ],
  [
    'Safari on iPod touch',
    'Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/604.1.34 (KHTML, like Gecko) Version/12.0 Mobile/15A5341f Safari/604.1',
  ],
  [
    'Microsoft Edge on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.56',
  ],
  [
    'Microsoft Edge on Android',
    'Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36 EdgA/125.0.2535.96',
  ],
  [
    'Microsoft Edge on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/126.2592.56 Mobile/15E148 Safari/605.1.15',
  ],
  [
    'Microsoft Edge on Windows Phone',
    'Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Mobile Safari/537.36 Edge/16.16299',
  ],
  [
    'Internet Explorer on Windows',
    'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
  ],
  [
    'Opera on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0',
  ],
  [
    'Opera on Android',
    'Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36 OPR/76.2.4027.73374',
  ],
  [
    'Opera Mini on Android',
    'Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; en) Presto/2.12.423 Version/12.16',
  ],
  [
    'Opera on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1 OPT/4.6.1',
  ],
  [
    'Vivaldi on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7.3329.35',
  ],
  [
    'Brave on macOS',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Brave Chrome/83.0.4103.116 Safari/537.36',
  ],
  [
    'Brave on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 13_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Brave/1.17 Version/13.0 Mobile/15E148 Safari/604.1',
  ],
  [
    'DuckDuckGo on Android',
    'Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile DuckDuckGo/5 Safari/537.36',
  ],
  [
    'DuckDuckGo on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15',
  ],
  [
    'DuckDuckGo on macOS',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15 Ddg/17.5',
  ],
  [
    'Samsung Internet on Android',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
  ],
  [
    'Huawei Browser on Android',
    'Mozilla/5.0 (Linux; Android 10; ELS-NX9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36',
  ],
  [
    'Mi Browser on Android',
    'Mozilla/5.0 (Linux; U; Android 13; en-us; M2101K6G Build/TKQ1.221013.002) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.4.0-g',
  ],
  [
    'UC Browser on Android',
    'Mozilla/5.0 (Linux; U; Android 12; en-US; RMX3085 Build/SP1A.210812.016) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.4.2.1307 Mobile Safari/537.36',
  ],
  [
    'Yandex Browser on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 YaBrowser/24.4.0.0 Safari/537.36',
  ],
  [
    'Amazon Silk on Android',
    'Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/126.2.1 like Chrome/126.0.6478.71 Safari/537.36',
  ],
  [
    'GNOME Web on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15 Epiphany/605.1.15',
  ],
  [
    'Falkon on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Falkon/23.08.5 QtWebEngine/5.15.17 Chrome/87.0.4280.144 Safari/537.36',
  ],
  [
    'Konqueror on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Konqueror (WebEnginePart) Chrome/87.0.4280.144 Safari/537.36',
  ],
  [
    'qutebrowser on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) qutebrowser/2.5.4 QtWebEngine/5.15.14 Chrome/87.0.4280.144 Safari/537.36',
  ],
  [
    'PlayStation 5',
    'Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
  ],
  [
    'PlayStation 4',
    'Mozilla/5.0 (PlayStation; PlayStation 4/11.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
  ],
  ['PlayStation 4', 'Mozilla/5.0 (PlayStation 4 3.11) AppleWebKit/537.73 (KHTML, like Gecko)'],
  ['PlayStation 3', 'Mozilla/5.0 (PLAYSTATION 3 4.46) AppleWebKit/531.22.8 (KHTML, like Gecko)'],
  [
    'PlayStation Vita',
    'Mozilla/5.0 (PlayStation Vita 3.61) AppleWebKit/537.73 (KHTML, like Gecko) Silk/3.2',
  ],
  [
    'Microsoft Edge on Xbox',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
  ],
  [
    'Microsoft Edge on Xbox',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; XBOX_ONE_ED) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.79 Safari/537.36 Edge/14.14393',
  ],
  [
    'Nintendo Switch',
    'Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/601.6 (KHTML, like Gecko) NF/4.0.0.5.10 NintendoBrowser/5.1.0.13343',
  ],
  [
    'Nintendo Wii U',
    'Mozilla/5.0 (Nintendo WiiU) AppleWebKit/534.52 (KHTML, like Gecko) NX/2.1.0.8.21 NintendoBrowser/1.0.0.7494.US',
  ],
  ['Nintendo 3DS', 'Mozilla/5.0 (Nintendo 3DS; U; ; en) Version/1.7498.EU'],
  [
    'LG TV',
    'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager',
  ],
  [
    'Samsung TV',
    'Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.5 TV Safari/537.36',
  ],
  [
    'Samsung TV',
    'Mozilla/5.0 (Linux; Tizen 2.3; SMART-TV) AppleWebKit/538.1 (KHTML, like Gecko) SamsungBrowser/1.1 TV Safari/538.1',
  ],
  [
    'Android TV',
    'Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2 Build/PTT1.190515.001.S52) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0.4692.98 Safari/537.36',
  ],
  [
    'Chromecast',
    'Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000 DeviceType/Chromecast',
  ],
  [
    'Android TV',
    'Mozilla/5.0 (Linux; Android 12.0; Build/STTE.220920.016.H1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.159 Safari/537.36 CrKey/1.56.500000 DeviceType/AndroidTV',
  ],
  [
    'Fire TV',
    'Mozilla/5.0 (Linux; Android 9; AFTKA Build/PS7633) AppleWebKit/537.36 (KHTML, like Gecko) Silk/112.5.1 like Chrome/112.0.5615.213 Safari/537.36',
  ],
  ['Roku', 'Roku/DVP-12.5 (12.5.0.4178-88)'],
  ['Apple TV', 'AppleTV11,1/11.1'],
  ['Apple TV', 'AppleCoreMedia/1.0.0.21L227 (Apple TV; U; CPU OS 17_4 like Mac OS X; en_us)'],
  ['curl', 'curl/8.5.0'],
  ['Wget on Linux', 'Wget/1.21.4 (linux-gnu)'],
  ['Wget', 'Wget/1.21.4'],
  ['HTTPie', 'HTTPie/3.2.2'],
  ['Python', 'python-requests/2.31.0'],
  [
    'PowerShell on Windows',
    'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.2506',
  ],
  ['PowerShell on Linux', 'Mozilla/5.0 (Linux; Ubuntu 22.04.3 LTS; en-US) PowerShell/7.4.1'],
  ['PowerShell on macOS', 'Mozilla/5.0 (Macintosh; Darwin 23.4.0; en-US) PowerShell/7.4.1'],
  [
    'PowerShell on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.22631; en-US) PowerShell/7.4.2',
  ],
  ['OkHttp', 'okhttp/4.12.0'],
  ['Go', 'Go-http-client/2.0'],
  ['Node.js', 'node'],
  ['Node.js', 'axios/1.6.8'],
  ['Postman', 'PostmanRuntime/7.37.3'],
  ['Java', 'Java/17.0.10'],
  ['Java', 'Apache-HttpClient/4.5.14 (Java/17.0.9)'],
  ['Git', 'git/2.43.0'],
  ['rclone', 'rclone/v1.66.0'],
  [
    'Nextcloud on Linux',
    'Mozilla/5.0 (Linux) mirall/3.13.0 (Nextcloud, ubuntu-6.8.0-45-generic ClientArchitecture: x86_64)',
  ],
  [
    'Nextcloud on Windows',
    'Mozilla/5.0 (Windows) mirall/3.12.3stable-Win64 (build 20240415) (Nextcloud, windows-10.0.22631 ClientArchitecture: x86_64 OsArchitecture: x86_64)',
  ],
  ['Nextcloud on macOS', 'Mozilla/5.0 (Macintosh) mirall/3.13.0'],
  ['Nextcloud on Android', 'Mozilla/5.0 (Android) Nextcloud-android/3.29.0'],
  ['Nextcloud on iOS', 'Mozilla/5.0 (iOS) Nextcloud-iOS/5.3.2'],
  ['ownCloud on Android', 'Mozilla/5.0 (Android) ownCloud-android/4.2.2'],
  ['DAVx5 on Android', 'DAVx5/4.3.13-ose (2024/01/25; dav4jvm; okhttp/4.12.0) Android/14'],
  ['Apple Calendar or Contacts on iOS', 'iOS/17.4.1 (21E236) dataaccessd/1.0'],
  ['Apple Calendar or Contacts on macOS', 'macOS/14.6.1 (23G93) dataaccessd/1.0'],
  ['Apple Calendar on macOS', 'macOS/14.3.1 (23D60) CalendarAgent/1122.3'],
  ['Apple Contacts on macOS', 'macOS/13.6.4 (22G513) AddressBookCore/2504.6'],
  [
    'Thunderbird on Linux',
    'Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.11.0',
  ],
  [
    'Thunderbird on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.11.0',
  ],
  [
    'Outlook on Windows',
    'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12329; Pro)',
  ],
  ['Outlook on iPhone', 'Outlook-iOS/711.3061168.prod.iphone'],
  ['Outlook on macOS', 'MacOutlook/16.46.21021202 (Intelx64 Mac OS X 11.2.2 (Build 20D80))'],
  ['Evolution', 'Evolution/3.48.4'],
  ['Windows Explorer on Windows', 'Microsoft-WebDAV-MiniRedir/10.0.22631'],
  ['Finder on macOS', 'WebDAVFS/3.0.0 (03008000) Darwin/23.4.0 (arm64)'],
  ['GNOME Files', 'gvfs/1.54.0'],
  ['davfs2', 'davfs2/1.6.1 neon/0.32.5'],
  [
    'Facebook on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 15_8_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/507.0.0.50.107;FBBV/734202868;FBDV/iPhone9,4;FBMD/iPhone;FBSN/iOS;FBSV/15.8.4;FBSS/3;FBCR/;FBID/phone;FBLC/en_US;FBOP/80]',
  ],
  [
    'Facebook on Android',
    'Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.0.0.57.74;]',
  ],
  [
    'Instagram on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 300.0.0.18.110 (iPhone15,2; iOS 17_5; de_DE; de-DE; scale=3.00; 1179x2556)',
  ],
  [
    'LinkedIn on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 14_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]',
  ],
  [
    'TikTok on Android',
    'Mozilla/5.0 (Linux; Android 13; SM-G9900; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/106.0.5249.126 Mobile Safari/537.36 musical_ly_2023105030 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/31.5.3 ByteLocale/en',
  ],
  [
    'WeChat on Android',
    'Mozilla/5.0 (Linux; Android 10; SM-G975F Build/QP1A.190711.020; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/88.0.4324.181 Mobile Safari/537.36 MicroMessenger/7.0.21(0x27001534) NetType/WIFI Language/zh_CN',
  ],
  [
    'Google app on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/321.0.640826374 Mobile/15E148 Safari/604.1',
  ],
  [
    'In-app browser on Android',
    'Mozilla/5.0 (Linux; Android 13; SM-G9900; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/106.0.5249.126 Mobile Safari/537.36',
  ],
  [
    'In-app browser on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 16_0_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  ],
  ['Googlebot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
  [
    'Googlebot',
    'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.61 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  ],
  ['Bingbot', 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)'],
  [
    'GPTBot',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
  ],
  ['Facebook crawler', 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)'],
  ['UptimeRobot', 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)'],
  ['Web crawler', 'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)'],
  ['Twitterbot', 'Twitterbot/1.0'],
  ['Unknown device', 'Mozilla/5.0 (compatible; NetcraftSurveyAgent/1.0; +info@netcraft.com)'],
  [
    'Firefox on KaiOS',
    'Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5',
  ],
  ['Lynx', 'Lynx/2.9.0 libwww-FM/2.14'],
  ['Links on Linux', 'Links (2.29; Linux 6.6.10 x86_64; GNU C 13.2.1; text)'],
  ['ELinks on Linux', 'ELinks/0.16.1.1 (textmode; Linux 6.5.0 x86_64; 80x24-2)'],
  ['w3m', 'w3m/0.5.3+git20230121'],
  ['Dillo', 'Dillo/3.0.5'],
  ['NetSurf on Linux', 'NetSurf/3.10 (Linux)'],
  ['Linux device', 'Mozilla/5.0 (X11; Linux x86_64)'],
  ['Windows device', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'],
  [
    'Chrome on HarmonyOS',
    'Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 Mobile Safari/537.36',
  ],
  ['Firefox on OpenBSD', 'Mozilla/5.0 (X11; OpenBSD amd64; rv:109.0) Gecko/20100101 Firefox/115.0'],
  [
    'Desktop app on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.38.125 Chrome/124.0.6367.60 Electron/30.0.1 Safari/537.36',
  ],
  [
    'Chrome on Android',
    'Mozilla/5.0 (Linux; Android 12; CUBOT P50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
  ],
  ['iPhone', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)'],
  ['Lynx', 'Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8'],
  ['Unknown device', 'Mozilla/5.0'],
  ['Unknown device', 'Acme/1.0'],
  ['Unknown device', ''],
  ['Unknown device', null],
];

describe('A device name', () => {
  it.each(DEVICES)('is %s', (name, userAgent) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it.each([
    'Checked by Latchkey: no action needed, see evil.example/1.0 (x',
    'Your account is locked. Call 555-0100/1.0 (Windows NT 10.0)',
    'evil.example/1.0',
    'evil.example/1.0 (X11; Linux x86_64)',
    'Mozilla/5.0 (evil.example) Firefox/evil.example Safari/evil.example',
    'Mozilla/5.0 (PlayStation; evil.example 5) bot/evil.example',
    '<script>alert(1)</script>',
    'curl/8.5.0\r\nSubject: evil.example',
    'Mozilla/5.0 (Nokia evil.example) iPhone evil.example',
  ])('repeats nothing of a forged user agent: %s', (userAgent) => {
    expect(deviceName(userAgent)).not.toMatch(/evil|locked|Checked|555|script|Nokia/);
    expect(possibleNames()).toContain(deviceName(userAgent));
  });

  it('is one of a fixed list, whatever the user agent', () => {
    const names = possibleNames();
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        ...DEVICES.flatMap(([, userAgent]) => userAgent?.split(/(?<=[ ();/])/) ?? []),
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        expect(names).toContain(deviceName(parts.join('')));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Every name that the lists can produce. */
function possibleNames(): Set<string> {
  const programs = [...PROGRAMS.map(([, name]) => name), ...BROWSERS.values()];
  const systems = [...SYSTEMS.map(([, name]) => name), ...PARSED_SYSTEMS.values()];
  return new Set([
    'Unknown device',
    ...STANDALONE.map(([, name]) => name),
    ...programs,
    ...HARDWARE,
    ...systems.map((system) => `${system} device`),
    ...programs.flatMap((program) => systems.map((system) => `${program} on ${system}`)),
  ]);
}
