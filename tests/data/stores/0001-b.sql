BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE alerted (
	digest TEXT NOT NULL, 
	rule_id TEXT NOT NULL, 
	story_id TEXT NOT NULL, 
	draft BOOLEAN NOT NULL, 
	batch TEXT NOT NULL, 
	sentences JSON NOT NULL, 
	alerted_at DATETIME NOT NULL, 
	CONSTRAINT pk_alerted PRIMARY KEY (digest, rule_id, story_id, draft)
);
INSERT INTO "alerted" VALUES('alerts','torkham-closed','s_1',0,'s_1#1','["57d3d0efe2dd16328b96b50950d69a56"]','2026-11-26 18:31:00.829216');
INSERT INTO "alerted" VALUES('alerts','torkham-closed','s_2',0,'s_2#1','["64f518911572b73840307cce28aad4bc"]','2026-11-26 18:31:00.829216');
INSERT INTO "alerted" VALUES('alerts','floods','s_4',0,'s_4#1','["1ff12fd64983021c1e4a6307e7a4ed9e"]','2026-11-26 18:31:00.829216');
INSERT INTO "alerted" VALUES('alerts','torkham-closed','s_3',0,'s_3#1','["8acaa9cdf4af8d965dc72cc412cb9707"]','2026-11-26 18:31:05.823452');
CREATE TABLE articles (
	id INTEGER NOT NULL, 
	entry_row INTEGER NOT NULL, 
	feed_id INTEGER NOT NULL, 
	feed_name TEXT NOT NULL, 
	feed_tags JSON NOT NULL, 
	url TEXT NOT NULL, 
	url_key TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	publisher TEXT NOT NULL, 
	quality TEXT NOT NULL, 
	content_hash TEXT NOT NULL, 
	first_seen DATETIME NOT NULL, 
	published DATETIME, 
	language TEXT, 
	authors JSON NOT NULL, 
	entities JSON NOT NULL, 
	dropped JSON NOT NULL, 
	note TEXT, 
	stage TEXT NOT NULL, 
	next_stage_at DATETIME, 
	story_id TEXT, 
	duplicate_of INTEGER, 
	duplicate_reason TEXT, 
	ruleset TEXT, 
	CONSTRAINT pk_articles PRIMARY KEY (id), 
	CONSTRAINT fk_articles_duplicate_of FOREIGN KEY(duplicate_of) REFERENCES articles (id), 
	CONSTRAINT fk_articles_entry_row FOREIGN KEY(entry_row) REFERENCES entries (id), 
	CONSTRAINT fk_articles_feed_id FOREIGN KEY(feed_id) REFERENCES feeds (id), 
	CONSTRAINT uq_articles_entry_row UNIQUE (entry_row)
);
INSERT INTO "articles" VALUES(1,2,1,'Border news','["border"]','http://127.0.0.1:18099/closed.html','https://127.0.0.1:18099/closed.html','Border shut','The Torkham crossing was closed on Sunday.','The Torkham crossing was closed on Sunday.','Border news','feed','1:b5e7bb262ed196f3aec3d86961cfea29','2026-11-26 18:30:57.845896','2026-11-26 18:30:57.000000',NULL,'[]','[{"name": "Torkham", "type": "place", "id": "torkham"}]','[]',NULL,'matched',NULL,'s_1',NULL,NULL,'16b8a251');
INSERT INTO "articles" VALUES(2,3,1,'Border news','["border"]','http://127.0.0.1:18099/urdu.html','https://127.0.0.1:18099/urdu.html','سرحد بند','طورخم بارڈر بند ہے۔','طورخم بارڈر بند ہے۔','Border news','feed','1:079b2a13b952ef52cdfcc247a6a1c9f0','2026-11-26 18:30:57.845896','2026-11-26 18:30:57.000000',NULL,'[]','[{"name": "Torkham", "type": "place", "id": "torkham"}]','[]',NULL,'matched',NULL,'s_2',NULL,NULL,'16b8a251');
INSERT INTO "articles" VALUES(3,4,1,'Border news','["border"]','http://127.0.0.1:18099/rain.html','https://127.0.0.1:18099/rain.html','Rain in Kabul','It rained all night.','It rained all night.','Border news','feed','1:948bf621448203be6fb1b9ac8f4720e5','2026-11-26 18:30:57.845896','2026-11-26 18:30:57.000000',NULL,'[]','[]','[]',NULL,'matched',NULL,'s_3',NULL,NULL,'16b8a251');
INSERT INTO "articles" VALUES(4,5,1,'Border news','["border"]','http://127.0.0.1:18099/flood.html','https://127.0.0.1:18099/flood.html','High water','The flood came at night.','The flood came at night.','Border news','feed','1:aaedc86b540ead8fe3d953d1ef13bba8','2026-11-26 18:30:57.845896','2026-11-26 18:30:57.000000',NULL,'[]','[]','[]',NULL,'matched',NULL,'s_4',NULL,NULL,'16b8a251');
INSERT INTO "articles" VALUES(5,6,1,'Border news','["border"]','http://127.0.0.1:18099/rain.html','https://127.0.0.1:18099/rain.html','Rain in Kabul','It rained all night. The Torkham crossing was closed, too.','It rained all night. The Torkham crossing was closed, too.','Border news','feed','1:ace7a1d31656b51886ddb371228353fa','2026-11-26 18:31:02.837949','2026-11-26 18:30:57.000000',NULL,'[]','[{"name": "Torkham", "type": "place", "id": "torkham"}]','[]',NULL,'matched',NULL,'s_3',3,'revision','16b8a251');
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	delivery_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	outcome TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_attempts PRIMARY KEY (id), 
	CONSTRAINT fk_attempts_delivery_id FOREIGN KEY(delivery_id) REFERENCES deliveries (id)
);
INSERT INTO "attempts" VALUES(1,1,'2026-11-26 18:31:01.844847','sent','/srv/desk/digests/2026-11-26T1830Z-high-torkham-crossing-closed-1-of-1-bebb80ac.json');
INSERT INTO "attempts" VALUES(2,2,'2026-11-26 18:31:01.861538','unreachable, back_off','127.0.0.1:9: Connection refused');
INSERT INTO "attempts" VALUES(3,3,'2026-11-26 18:31:01.877972','sent','/srv/desk/digests/2026-11-26T1830Z-high-torkham-crossing-closed-1-of-1-84c8b2ce.json');
INSERT INTO "attempts" VALUES(4,4,'2026-11-26 18:31:01.891554','unreachable, back_off','127.0.0.1:9: Connection refused');
INSERT INTO "attempts" VALUES(5,5,'2026-11-26 18:31:01.912848','sent','/srv/desk/digests/2026-11-26T1830Z-floods-1-of-1-776c15f9.json');
INSERT INTO "attempts" VALUES(6,6,'2026-11-26 18:31:01.923354','unreachable, back_off','127.0.0.1:9: Connection refused');
INSERT INTO "attempts" VALUES(7,7,'2026-11-26 18:31:06.843265','sent','/srv/desk/digests/2026-11-26T1831Z-high-torkham-crossing-closed-1-of-1-a92f029e.json');
INSERT INTO "attempts" VALUES(8,8,'2026-11-26 18:31:06.855550','unreachable, back_off','127.0.0.1:9: Connection refused');
CREATE TABLE batches (
	digest TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	draft BOOLEAN NOT NULL, 
	window_start DATETIME NOT NULL, 
	window_end DATETIME NOT NULL, 
	stories INTEGER NOT NULL, 
	planned_at DATETIME NOT NULL, 
	CONSTRAINT pk_batches PRIMARY KEY (digest, batch, draft)
);
INSERT INTO "batches" VALUES('alerts','s_1#1',0,'2026-11-26 18:30:59.920183','2026-11-26 18:31:00.829216',1,'2026-11-26 18:31:00.829216');
INSERT INTO "batches" VALUES('alerts','s_2#1',0,'2026-11-26 18:30:59.942588','2026-11-26 18:31:00.829216',1,'2026-11-26 18:31:00.829216');
INSERT INTO "batches" VALUES('alerts','s_4#1',0,'2026-11-26 18:30:59.957563','2026-11-26 18:31:00.829216',1,'2026-11-26 18:31:00.829216');
INSERT INTO "batches" VALUES('alerts','s_3#1',0,'2026-11-26 18:31:04.829097','2026-11-26 18:31:05.823452',1,'2026-11-26 18:31:05.823452');
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	message JSON NOT NULL, 
	state TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	lease_until DATETIME, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	last_error TEXT, 
	sent_at DATETIME, 
	receipt TEXT, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT uq_deliveries_key UNIQUE ("key")
);
INSERT INTO "deliveries" VALUES(1,'bebb80acd6d05e1b693b6b75adae9c16','alerts','s_1#1','archive','file','file','{"format": "json", "subject": "HIGH Torkham crossing closed: Border news \u00b7 18:30", "text": "HIGH Torkham crossing closed: Border news \u00b7 18:30", "date": "2026-11-26T18:30:57.845896Z", "html": null, "payload": {"digest": "alerts", "window": {"start": "2026-11-26T18:30:59.920183Z", "end": "2026-11-26T18:31:00.829216Z"}, "timezone": "UTC", "batch": "s_1#1", "late": false, "key": "bebb80acd6d05e1b693b6b75adae9c16", "part": 1, "parts": 1, "stories": [{"id": "s_1", "headline": "Border shut", "url": "http://127.0.0.1:18099/closed.html", "publishers": 1, "articles": [{"title": "Border shut", "url": "http://127.0.0.1:18099/closed.html", "publisher": "Border news", "published": "2026-11-26T18:30:57Z", "first_seen": "2026-11-26T18:30:57.845896Z", "copy": false}], "rules": [{"id": "torkham-closed", "title": "Torkham crossing closed", "severity": "high", "explanation": "\"Torkham\" and \"closed\" in one sentence"}], "matched": [{"text": "The Torkham crossing was closed on Sunday.", "spans": [{"start": 4, "end": 11}, {"start": 25, "end": 31}]}], "entities": [{"name": "Torkham", "type": "place"}], "first_seen": "2026-11-26T18:30:57.845896Z", "last_updated": "2026-11-26T18:30:57.845896Z", "badges": []}], "coverage": {"feeds": 1, "failing": 0, "may_have_lost": 0, "failing_names": []}}, "part": 1, "parts": 1}','sent','2026-11-26 18:31:00.829216','2026-11-26 18:31:00.829216',NULL,1,NULL,'2026-11-26 18:31:01.844847','/srv/desk/digests/2026-11-26T1830Z-high-torkham-crossing-closed-1-of-1-bebb80ac.json');
INSERT INTO "deliveries" VALUES(2,'528b9b09904d413f3078497ffd5fde59','alerts','s_1#1','desk','email','desk@example.org','{"format": "email", "subject": "HIGH Torkham crossing closed: Border news \u00b7 18:30", "text": "Alerts \u00b7 Thu 26 Nov 2026, 18:30 UTC\n1 story from 1 article \u00b7 1 feed checked\n\nHIGH \u00b7 Torkham crossing closed\n  \u201cThe [Torkham] crossing was [closed] on Sunday.\u201d\n  Border shut\n  Border news \u00b7 1 publisher \u00b7 1 article \u00b7 first seen 18:30\n  Rule torkham-closed: \"Torkham\" and \"closed\" in one sentence\n  Names: Torkham\n  http://127.0.0.1:18099/closed.html\n\nWhy did I get a story?  monitor why URL\n", "date": "2026-11-26T18:30:57.845896Z", "html": "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>HIGH Torkham crossing closed: Border news \u00b7 18:30</title>\n<style>\n@media (max-width:480px){.wrap{padding:0!important}.sheet{padding:18px 16px!important;border-width:0!important;border-radius:0!important}.title{font-size:23px!important}}\n@media (prefers-color-scheme:dark){body{background:#161513!important;color:#ebe8e1!important}.sheet{background:#1f1e1b!important;border-color:#38352f!important}.story,.foot{border-color:#38352f!important}.kicker,.meta,.why,.links,.foot{color:#a9a398!important}.fact,.rule,.title,.head,.head a,.line a,.quote{color:#ebe8e1!important}.head a,.line a{border-color:#5e5a52!important}.quote{border-color:#8a7a3d!important}.code{background:#2a2823!important;color:#ebe8e1!important}.mark{background:#5a4a00!important;color:#fff!important}.links a{color:#8fc1ee!important}.late{color:#f0b9b9!important}}\n</style>\n</head>\n<body style=\"margin:0;padding:0;background:#f3f1ec;color:#1d1c1a\">\n<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">Torkham crossing closed: The Torkham crossing was closed on Sunday.</div>\n<div class=\"wrap\" style=\"max-width: 640px;margin: 0 auto;padding: 24px 16px;\"><div class=\"sheet\" style=\"background: #fff;border: 1px solid #e2ded5;border-radius: 6px;padding: 26px 30px 20px;font: 16px/1.45 Georgia,''Times New Roman'',serif;overflow-wrap: anywhere;\"><div class=\"kicker\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Thu 26 Nov 2026, 18:30 UTC</div>\n<div class=\"title\" dir=\"auto\" role=\"heading\" aria-level=\"1\" style=\"font-size: 26px;font-weight: bold;line-height: 1.2;margin: 2px 0 4px;\">Alerts</div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 story from 1 article \u00b7 1 feed checked</div>\n<div class=\"story\" id=\"s_1\" style=\"border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 16px;\">\n<div class=\"fact\" style=\"font: bold 15px/1.4 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #1d1c1a;\"><span class=\"badge high\" style=\"display: inline-block;font: bold 11px/1 -apple-system,''Segoe UI'',Roboto,Arial,sans-serif;letter-spacing: .04em;padding: 3px 7px;border-radius: 3px;margin-inline-end: 6px;vertical-align: 1px;color: #fff;background: #8a1c1c;\">HIGH</span><bdi>Torkham crossing closed</bdi></div>\n<blockquote class=\"quote\" dir=\"auto\" style=\"margin: 8px 0;padding: 1px 0;padding-inline-start: 13px;border-inline-start: 3px solid #c9b97a;\">The <mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">Torkham</mark> crossing was <mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">closed</mark> on Sunday.</blockquote>\n<div class=\"head card\" dir=\"auto\" role=\"heading\" aria-level=\"2\" style=\"font-weight: bold;line-height: 1.3;font-size: 19px;margin: 2px 0 4px;\"><a href=\"http://127.0.0.1:18099/closed.html\" style=\"color: #1d1c1a;text-decoration: none;border-bottom: 1px solid #b9b2a3;\">Border shut</a></div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 publisher \u00b7 1 article \u00b7 first seen 18:30</div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Rule <b><bdi>torkham-closed</bdi></b> \u00b7 <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\"><bdi dir=\"ltr\">\"Torkham\" and \"closed\" in one sentence</bdi></span></div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Names: <bdi>Torkham</bdi></div>\n<div class=\"links\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\"><a href=\"http://127.0.0.1:18099/closed.html\" style=\"color: #1f4e79;\"><bdi>Border news</bdi></a></div>\n</div>\n<div class=\"foot\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 12px;text-align: center;\">Why did I get a story? Run <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\">monitor why URL</span><br>Sent by media-monitor</div>\n</div></div></body></html>", "payload": null, "part": 1, "parts": 1}','waiting','2026-11-26 18:31:00.829216','2026-11-26 18:31:26.477463',NULL,1,'unreachable: 127.0.0.1:9: Connection refused',NULL,NULL);
INSERT INTO "deliveries" VALUES(3,'84c8b2ce985c1bd582f16ad1c840abdc','alerts','s_2#1','archive','file','file','{"format": "json", "subject": "HIGH Torkham crossing closed: Border news \u00b7 18:30", "text": "HIGH Torkham crossing closed: Border news \u00b7 18:30", "date": "2026-11-26T18:30:57.845896Z", "html": null, "payload": {"digest": "alerts", "window": {"start": "2026-11-26T18:30:59.942588Z", "end": "2026-11-26T18:31:00.829216Z"}, "timezone": "UTC", "batch": "s_2#1", "late": false, "key": "84c8b2ce985c1bd582f16ad1c840abdc", "part": 1, "parts": 1, "stories": [{"id": "s_2", "headline": "\u0633\u0631\u062d\u062f \u0628\u0646\u062f", "url": "http://127.0.0.1:18099/urdu.html", "publishers": 1, "articles": [{"title": "\u0633\u0631\u062d\u062f \u0628\u0646\u062f", "url": "http://127.0.0.1:18099/urdu.html", "publisher": "Border news", "published": "2026-11-26T18:30:57Z", "first_seen": "2026-11-26T18:30:57.845896Z", "copy": false}], "rules": [{"id": "torkham-closed", "title": "Torkham crossing closed", "severity": "high", "explanation": "@torkham by its spelling \"\u0637\u0648\u0631\u062e\u0645\" and \"\u0628\u0646\u062f\" in one sentence"}], "matched": [{"text": "\u0637\u0648\u0631\u062e\u0645 \u0628\u0627\u0631\u0688\u0631 \u0628\u0646\u062f \u06c1\u06d2\u06d4", "spans": [{"start": 0, "end": 5}, {"start": 12, "end": 15}]}], "entities": [{"name": "Torkham", "type": "place"}], "first_seen": "2026-11-26T18:30:57.845896Z", "last_updated": "2026-11-26T18:30:57.845896Z", "badges": []}], "coverage": {"feeds": 1, "failing": 0, "may_have_lost": 0, "failing_names": []}}, "part": 1, "parts": 1}','sent','2026-11-26 18:31:00.829216','2026-11-26 18:31:00.829216',NULL,1,NULL,'2026-11-26 18:31:01.877972','/srv/desk/digests/2026-11-26T1830Z-high-torkham-crossing-closed-1-of-1-84c8b2ce.json');
INSERT INTO "deliveries" VALUES(4,'4630330ad1768d080097c276b77146ca','alerts','s_2#1','desk','email','desk@example.org','{"format": "email", "subject": "HIGH Torkham crossing closed: Border news \u00b7 18:30", "text": "Alerts \u00b7 Thu 26 Nov 2026, 18:30 UTC\n1 story from 1 article \u00b7 1 feed checked\n\nHIGH \u00b7 Torkham crossing closed\n  \u201c[\u0637\u0648\u0631\u062e\u0645] \u0628\u0627\u0631\u0688\u0631 [\u0628\u0646\u062f] \u06c1\u06d2\u06d4\u201d\n  \u0633\u0631\u062d\u062f \u0628\u0646\u062f\n  Border news \u00b7 1 publisher \u00b7 1 article \u00b7 first seen 18:30\n  Rule torkham-closed: @torkham by its spelling \"\u0637\u0648\u0631\u062e\u0645\" and \"\u0628\u0646\u062f\" in one\n  sentence\n  Names: Torkham\n  http://127.0.0.1:18099/urdu.html\n\nWhy did I get a story?  monitor why URL\n", "date": "2026-11-26T18:30:57.845896Z", "html": "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>HIGH Torkham crossing closed: Border news \u00b7 18:30</title>\n<style>\n@media (max-width:480px){.wrap{padding:0!important}.sheet{padding:18px 16px!important;border-width:0!important;border-radius:0!important}.title{font-size:23px!important}}\n@media (prefers-color-scheme:dark){body{background:#161513!important;color:#ebe8e1!important}.sheet{background:#1f1e1b!important;border-color:#38352f!important}.story,.foot{border-color:#38352f!important}.kicker,.meta,.why,.links,.foot{color:#a9a398!important}.fact,.rule,.title,.head,.head a,.line a,.quote{color:#ebe8e1!important}.head a,.line a{border-color:#5e5a52!important}.quote{border-color:#8a7a3d!important}.code{background:#2a2823!important;color:#ebe8e1!important}.mark{background:#5a4a00!important;color:#fff!important}.links a{color:#8fc1ee!important}.late{color:#f0b9b9!important}}\n</style>\n</head>\n<body style=\"margin:0;padding:0;background:#f3f1ec;color:#1d1c1a\">\n<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">Torkham crossing closed: \u0637\u0648\u0631\u062e\u0645 \u0628\u0627\u0631\u0688\u0631 \u0628\u0646\u062f \u06c1\u06d2\u06d4</div>\n<div class=\"wrap\" style=\"max-width: 640px;margin: 0 auto;padding: 24px 16px;\"><div class=\"sheet\" style=\"background: #fff;border: 1px solid #e2ded5;border-radius: 6px;padding: 26px 30px 20px;font: 16px/1.45 Georgia,''Times New Roman'',serif;overflow-wrap: anywhere;\"><div class=\"kicker\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Thu 26 Nov 2026, 18:30 UTC</div>\n<div class=\"title\" dir=\"auto\" role=\"heading\" aria-level=\"1\" style=\"font-size: 26px;font-weight: bold;line-height: 1.2;margin: 2px 0 4px;\">Alerts</div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 story from 1 article \u00b7 1 feed checked</div>\n<div class=\"story\" id=\"s_2\" style=\"border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 16px;\">\n<div class=\"fact\" style=\"font: bold 15px/1.4 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #1d1c1a;\"><span class=\"badge high\" style=\"display: inline-block;font: bold 11px/1 -apple-system,''Segoe UI'',Roboto,Arial,sans-serif;letter-spacing: .04em;padding: 3px 7px;border-radius: 3px;margin-inline-end: 6px;vertical-align: 1px;color: #fff;background: #8a1c1c;\">HIGH</span><bdi>Torkham crossing closed</bdi></div>\n<blockquote class=\"quote\" dir=\"auto\" style=\"margin: 8px 0;padding: 1px 0;padding-inline-start: 13px;border-inline-start: 3px solid #c9b97a;\"><mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">\u0637\u0648\u0631\u062e\u0645</mark> \u0628\u0627\u0631\u0688\u0631 <mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">\u0628\u0646\u062f</mark> \u06c1\u06d2\u06d4</blockquote>\n<div class=\"head card\" dir=\"auto\" role=\"heading\" aria-level=\"2\" style=\"font-weight: bold;line-height: 1.3;font-size: 19px;margin: 2px 0 4px;\"><a href=\"http://127.0.0.1:18099/urdu.html\" style=\"color: #1d1c1a;text-decoration: none;border-bottom: 1px solid #b9b2a3;\">\u0633\u0631\u062d\u062f \u0628\u0646\u062f</a></div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 publisher \u00b7 1 article \u00b7 first seen 18:30</div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Rule <b><bdi>torkham-closed</bdi></b> \u00b7 <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\"><bdi dir=\"ltr\">@torkham by its spelling \"\u0637\u0648\u0631\u062e\u0645\" and \"\u0628\u0646\u062f\" in one sentence</bdi></span></div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Names: <bdi>Torkham</bdi></div>\n<div class=\"links\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\"><a href=\"http://127.0.0.1:18099/urdu.html\" style=\"color: #1f4e79;\"><bdi>Border news</bdi></a></div>\n</div>\n<div class=\"foot\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 12px;text-align: center;\">Why did I get a story? Run <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\">monitor why URL</span><br>Sent by media-monitor</div>\n</div></div></body></html>", "payload": null, "part": 1, "parts": 1}','waiting','2026-11-26 18:31:00.829216','2026-11-26 18:31:28.221658',NULL,1,'unreachable: 127.0.0.1:9: Connection refused',NULL,NULL);
INSERT INTO "deliveries" VALUES(5,'776c15f938d598d0b3a1e23d52c44f78','alerts','s_4#1','archive','file','file','{"format": "json", "subject": "Floods: Border news \u00b7 18:30", "text": "Floods: Border news \u00b7 18:30", "date": "2026-11-26T18:30:57.845896Z", "html": null, "payload": {"digest": "alerts", "window": {"start": "2026-11-26T18:30:59.957563Z", "end": "2026-11-26T18:31:00.829216Z"}, "timezone": "UTC", "batch": "s_4#1", "late": false, "key": "776c15f938d598d0b3a1e23d52c44f78", "part": 1, "parts": 1, "stories": [{"id": "s_4", "headline": "High water", "url": "http://127.0.0.1:18099/flood.html", "publishers": 1, "articles": [{"title": "High water", "url": "http://127.0.0.1:18099/flood.html", "publisher": "Border news", "published": "2026-11-26T18:30:57Z", "first_seen": "2026-11-26T18:30:57.845896Z", "copy": false}], "rules": [{"id": "floods", "title": "Floods", "severity": "normal", "explanation": "\"flood\""}], "matched": [{"text": "The flood came at night.", "spans": [{"start": 4, "end": 9}]}], "entities": [], "first_seen": "2026-11-26T18:30:57.845896Z", "last_updated": "2026-11-26T18:30:57.845896Z", "badges": []}], "coverage": {"feeds": 1, "failing": 0, "may_have_lost": 0, "failing_names": []}}, "part": 1, "parts": 1}','sent','2026-11-26 18:31:00.829216','2026-11-26 18:31:00.829216',NULL,1,NULL,'2026-11-26 18:31:01.912848','/srv/desk/digests/2026-11-26T1830Z-floods-1-of-1-776c15f9.json');
INSERT INTO "deliveries" VALUES(6,'223aae913c3cd16b1a66d44835b67f4e','alerts','s_4#1','desk','email','desk@example.org','{"format": "email", "subject": "Floods: Border news \u00b7 18:30", "text": "Alerts \u00b7 Thu 26 Nov 2026, 18:30 UTC\n1 story from 1 article \u00b7 1 feed checked\n\nFloods\n  \u201cThe [flood] came at night.\u201d\n  High water\n  Border news \u00b7 1 publisher \u00b7 1 article \u00b7 first seen 18:30\n  Rule floods: \"flood\"\n  http://127.0.0.1:18099/flood.html\n\nWhy did I get a story?  monitor why URL\n", "date": "2026-11-26T18:30:57.845896Z", "html": "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>Floods: Border news \u00b7 18:30</title>\n<style>\n@media (max-width:480px){.wrap{padding:0!important}.sheet{padding:18px 16px!important;border-width:0!important;border-radius:0!important}.title{font-size:23px!important}}\n@media (prefers-color-scheme:dark){body{background:#161513!important;color:#ebe8e1!important}.sheet{background:#1f1e1b!important;border-color:#38352f!important}.story,.foot{border-color:#38352f!important}.kicker,.meta,.why,.links,.foot{color:#a9a398!important}.fact,.rule,.title,.head,.head a,.line a,.quote{color:#ebe8e1!important}.head a,.line a{border-color:#5e5a52!important}.quote{border-color:#8a7a3d!important}.code{background:#2a2823!important;color:#ebe8e1!important}.mark{background:#5a4a00!important;color:#fff!important}.links a{color:#8fc1ee!important}.late{color:#f0b9b9!important}}\n</style>\n</head>\n<body style=\"margin:0;padding:0;background:#f3f1ec;color:#1d1c1a\">\n<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">Floods: The flood came at night.</div>\n<div class=\"wrap\" style=\"max-width: 640px;margin: 0 auto;padding: 24px 16px;\"><div class=\"sheet\" style=\"background: #fff;border: 1px solid #e2ded5;border-radius: 6px;padding: 26px 30px 20px;font: 16px/1.45 Georgia,''Times New Roman'',serif;overflow-wrap: anywhere;\"><div class=\"kicker\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Thu 26 Nov 2026, 18:30 UTC</div>\n<div class=\"title\" dir=\"auto\" role=\"heading\" aria-level=\"1\" style=\"font-size: 26px;font-weight: bold;line-height: 1.2;margin: 2px 0 4px;\">Alerts</div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 story from 1 article \u00b7 1 feed checked</div>\n<div class=\"story\" id=\"s_4\" style=\"border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 16px;\">\n<div class=\"fact\" style=\"font: bold 15px/1.4 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #1d1c1a;\"><bdi>Floods</bdi></div>\n<blockquote class=\"quote\" dir=\"auto\" style=\"margin: 8px 0;padding: 1px 0;padding-inline-start: 13px;border-inline-start: 3px solid #c9b97a;\">The <mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">flood</mark> came at night.</blockquote>\n<div class=\"head full\" dir=\"auto\" role=\"heading\" aria-level=\"2\" style=\"font-weight: bold;line-height: 1.3;font-size: 17px;margin: 2px 0 3px;\"><a href=\"http://127.0.0.1:18099/flood.html\" style=\"color: #1d1c1a;text-decoration: none;border-bottom: 1px solid #b9b2a3;\">High water</a></div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\"><bdi>Border news</bdi> \u00b7 1 publisher \u00b7 1 article \u00b7 first seen 18:30</div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Rule <b><bdi>floods</bdi></b> \u00b7 <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\"><bdi dir=\"ltr\">\"flood\"</bdi></span></div>\n</div>\n<div class=\"foot\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 12px;text-align: center;\">Why did I get a story? Run <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\">monitor why URL</span><br>Sent by media-monitor</div>\n</div></div></body></html>", "payload": null, "part": 1, "parts": 1}','waiting','2026-11-26 18:31:00.829216','2026-11-26 18:31:29.501879',NULL,1,'unreachable: 127.0.0.1:9: Connection refused',NULL,NULL);
INSERT INTO "deliveries" VALUES(7,'a92f029e240150235f12fd373990ecd2','alerts','s_3#1','archive','file','file','{"format": "json", "subject": "HIGH Torkham crossing closed: Border news \u00b7 18:31", "text": "HIGH Torkham crossing closed: Border news \u00b7 18:31", "date": "2026-11-26T18:31:02.837949Z", "html": null, "payload": {"digest": "alerts", "window": {"start": "2026-11-26T18:31:04.829097Z", "end": "2026-11-26T18:31:05.823452Z"}, "timezone": "UTC", "batch": "s_3#1", "late": false, "key": "a92f029e240150235f12fd373990ecd2", "part": 1, "parts": 1, "stories": [{"id": "s_3", "headline": "Rain in Kabul", "url": "http://127.0.0.1:18099/rain.html", "publishers": 1, "articles": [{"title": "Rain in Kabul", "url": "http://127.0.0.1:18099/rain.html", "publisher": "Border news", "published": "2026-11-26T18:30:57Z", "first_seen": "2026-11-26T18:30:57.845896Z", "copy": false}, {"title": "Rain in Kabul", "url": "http://127.0.0.1:18099/rain.html", "publisher": "Border news", "published": "2026-11-26T18:30:57Z", "first_seen": "2026-11-26T18:31:02.837949Z", "copy": true}], "rules": [{"id": "torkham-closed", "title": "Torkham crossing closed", "severity": "high", "explanation": "\"Torkham\" and \"closed\" in one sentence"}], "matched": [{"text": "The Torkham crossing was closed, too.", "spans": [{"start": 4, "end": 11}, {"start": 25, "end": 31}]}], "entities": [{"name": "Torkham", "type": "place"}], "first_seen": "2026-11-26T18:30:57.845896Z", "last_updated": "2026-11-26T18:31:02.837949Z", "badges": []}], "coverage": {"feeds": 1, "failing": 0, "may_have_lost": 0, "failing_names": []}}, "part": 1, "parts": 1}','sent','2026-11-26 18:31:05.823452','2026-11-26 18:31:05.823452',NULL,1,NULL,'2026-11-26 18:31:06.843265','/srv/desk/digests/2026-11-26T1831Z-high-torkham-crossing-closed-1-of-1-a92f029e.json');
INSERT INTO "deliveries" VALUES(8,'3532ecebd8b58abfb711a0ab57dce7a2','alerts','s_3#1','desk','email','desk@example.org','{"format": "email", "subject": "HIGH Torkham crossing closed: Border news \u00b7 18:31", "text": "Alerts \u00b7 Thu 26 Nov 2026, 18:31 UTC\n1 story from 2 articles \u00b7 1 feed checked\n\nHIGH \u00b7 Torkham crossing closed\n  \u201cThe [Torkham] crossing was [closed], too.\u201d\n  Rain in Kabul\n  Border news \u00b7 1 publisher \u00b7 2 articles \u00b7 1 copy \u00b7 first seen 18:30, last\n  updated 18:31\n  Rule torkham-closed: \"Torkham\" and \"closed\" in one sentence\n  Names: Torkham\n  http://127.0.0.1:18099/rain.html\n\nWhy did I get a story?  monitor why URL\n", "date": "2026-11-26T18:31:02.837949Z", "html": "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>HIGH Torkham crossing closed: Border news \u00b7 18:31</title>\n<style>\n@media (max-width:480px){.wrap{padding:0!important}.sheet{padding:18px 16px!important;border-width:0!important;border-radius:0!important}.title{font-size:23px!important}}\n@media (prefers-color-scheme:dark){body{background:#161513!important;color:#ebe8e1!important}.sheet{background:#1f1e1b!important;border-color:#38352f!important}.story,.foot{border-color:#38352f!important}.kicker,.meta,.why,.links,.foot{color:#a9a398!important}.fact,.rule,.title,.head,.head a,.line a,.quote{color:#ebe8e1!important}.head a,.line a{border-color:#5e5a52!important}.quote{border-color:#8a7a3d!important}.code{background:#2a2823!important;color:#ebe8e1!important}.mark{background:#5a4a00!important;color:#fff!important}.links a{color:#8fc1ee!important}.late{color:#f0b9b9!important}}\n</style>\n</head>\n<body style=\"margin:0;padding:0;background:#f3f1ec;color:#1d1c1a\">\n<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">Torkham crossing closed: The Torkham crossing was closed, too.</div>\n<div class=\"wrap\" style=\"max-width: 640px;margin: 0 auto;padding: 24px 16px;\"><div class=\"sheet\" style=\"background: #fff;border: 1px solid #e2ded5;border-radius: 6px;padding: 26px 30px 20px;font: 16px/1.45 Georgia,''Times New Roman'',serif;overflow-wrap: anywhere;\"><div class=\"kicker\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Thu 26 Nov 2026, 18:31 UTC</div>\n<div class=\"title\" dir=\"auto\" role=\"heading\" aria-level=\"1\" style=\"font-size: 26px;font-weight: bold;line-height: 1.2;margin: 2px 0 4px;\">Alerts</div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 story from 2 articles \u00b7 1 feed checked</div>\n<div class=\"story\" id=\"s_3\" style=\"border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 16px;\">\n<div class=\"fact\" style=\"font: bold 15px/1.4 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #1d1c1a;\"><span class=\"badge high\" style=\"display: inline-block;font: bold 11px/1 -apple-system,''Segoe UI'',Roboto,Arial,sans-serif;letter-spacing: .04em;padding: 3px 7px;border-radius: 3px;margin-inline-end: 6px;vertical-align: 1px;color: #fff;background: #8a1c1c;\">HIGH</span><bdi>Torkham crossing closed</bdi></div>\n<blockquote class=\"quote\" dir=\"auto\" style=\"margin: 8px 0;padding: 1px 0;padding-inline-start: 13px;border-inline-start: 3px solid #c9b97a;\">The <mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">Torkham</mark> crossing was <mark class=\"mark\" style=\"background: #fff0b3;color: inherit;padding: 0 2px;\">closed</mark>, too.</blockquote>\n<div class=\"head card\" dir=\"auto\" role=\"heading\" aria-level=\"2\" style=\"font-weight: bold;line-height: 1.3;font-size: 19px;margin: 2px 0 4px;\"><a href=\"http://127.0.0.1:18099/rain.html\" style=\"color: #1d1c1a;text-decoration: none;border-bottom: 1px solid #b9b2a3;\">Rain in Kabul</a></div>\n<div class=\"meta\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">1 publisher \u00b7 2 articles \u00b7 1 copy \u00b7 first seen 18:30, last updated 18:31</div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Rule <b><bdi>torkham-closed</bdi></b> \u00b7 <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\"><bdi dir=\"ltr\">\"Torkham\" and \"closed\" in one sentence</bdi></span></div>\n<div class=\"why\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\">Names: <bdi>Torkham</bdi></div>\n<div class=\"links\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;\"><a href=\"http://127.0.0.1:18099/rain.html\" style=\"color: #1f4e79;\"><bdi>Border news</bdi></a></div>\n</div>\n<div class=\"foot\" style=\"font: 13px/1.5 -apple-system,''Segoe UI'',Roboto,Helvetica,Arial,sans-serif;color: #5e5a52;border-top: 1px solid #e2ded5;margin-top: 18px;padding-top: 12px;text-align: center;\">Why did I get a story? Run <span class=\"code\" style=\"font: 12px/1.4 ui-monospace,Menlo,Consolas,monospace;background: #f3f1ec;color: #1d1c1a;padding: 1px 5px;border-radius: 3px;\">monitor why URL</span><br>Sent by media-monitor</div>\n</div></div></body></html>", "payload": null, "part": 1, "parts": 1}','waiting','2026-11-26 18:31:05.823452','2026-11-26 18:31:36.114934',NULL,1,'unreachable: 127.0.0.1:9: Connection refused',NULL,NULL);
CREATE TABLE digest_states (
	name TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	last_end DATETIME NOT NULL, 
	last_draft_end DATETIME NOT NULL, 
	CONSTRAINT pk_digest_states PRIMARY KEY (name)
);
INSERT INTO "digest_states" VALUES('alerts','2026-11-26 18:30:55.797029','2026-11-26 18:30:55.797029','2026-11-26 18:30:55.797029');
INSERT INTO "digest_states" VALUES('morning','2026-11-26 18:30:55.797029','2026-11-26 18:30:55.797029','2026-11-26 18:30:55.797029');
CREATE TABLE entries (
	id INTEGER NOT NULL, 
	feed_id INTEGER NOT NULL, 
	identity TEXT NOT NULL, 
	entry_id TEXT NOT NULL, 
	id_hash TEXT NOT NULL, 
	url_key TEXT NOT NULL, 
	link TEXT, 
	title TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	content TEXT NOT NULL, 
	authors JSON NOT NULL, 
	flags JSON NOT NULL, 
	published DATETIME, 
	updated DATETIME, 
	text_hash TEXT NOT NULL, 
	revision_of INTEGER, 
	first_seen DATETIME NOT NULL, 
	fate TEXT NOT NULL, 
	read_attempts INTEGER DEFAULT '0' NOT NULL, 
	next_read_at DATETIME NOT NULL, 
	CONSTRAINT pk_entries PRIMARY KEY (id), 
	CONSTRAINT fk_entries_feed_id FOREIGN KEY(feed_id) REFERENCES feeds (id), 
	CONSTRAINT fk_entries_revision_of FOREIGN KEY(revision_of) REFERENCES entries (id), 
	CONSTRAINT uq_entries_feed_id_identity UNIQUE (feed_id, identity)
);
INSERT INTO "entries" VALUES(1,1,'8a26abb1377c75efec0af36626491e3f','old-1','d47907adaa3936e2c8aeb6ac4087c51f','https://127.0.0.1:18099/old-1.html','http://127.0.0.1:18099/old-1.html','Before you came','Old news about Torkham: closed long ago.','','[]','[]','2023-01-02 10:00:00.000000',NULL,'5d398e77de38d19976f24f06361a8827',NULL,'2026-11-26 18:30:56.156980','seen_at_subscribe',0,'2026-11-26 18:30:56.156980');
INSERT INTO "entries" VALUES(2,1,'27528f84a779223f3e356b0c4a186424','closed','49b0ef6940669a0687585f1b8f2866d5','https://127.0.0.1:18099/closed.html','http://127.0.0.1:18099/closed.html','Border shut','The Torkham crossing was closed on Sunday.','','[]','[]','2026-11-26 18:30:57.000000',NULL,'3883f7f63efd7a78b939c1e0151d6256',NULL,'2026-11-26 18:30:57.845896','read',0,'2026-11-26 18:30:57.845896');
INSERT INTO "entries" VALUES(3,1,'df8fb23c75a464c61561cb5348e36182','urdu','551ed3bb7b3a2a5edd5a789bee5b28e0','https://127.0.0.1:18099/urdu.html','http://127.0.0.1:18099/urdu.html','سرحد بند','طورخم بارڈر بند ہے۔','','[]','[]','2026-11-26 18:30:57.000000',NULL,'fdcaa2df6e176cb36f4e4de107357643',NULL,'2026-11-26 18:30:57.845896','read',0,'2026-11-26 18:30:57.845896');
INSERT INTO "entries" VALUES(4,1,'005b1c0dd9ee931f1e26161ba501a82a','rain','92dd2543d1ab0d8e9adfe8668ab142fc','https://127.0.0.1:18099/rain.html','http://127.0.0.1:18099/rain.html','Rain in Kabul','It rained all night.','','[]','[]','2026-11-26 18:30:57.000000',NULL,'51845e8515b59aab1c40039063789821',NULL,'2026-11-26 18:30:57.845896','read',0,'2026-11-26 18:30:57.845896');
INSERT INTO "entries" VALUES(5,1,'24e755c30f63d44c62a474cfe061ef8f','flood','93573d7c061bc64ffe3f01a08dea92fe','https://127.0.0.1:18099/flood.html','http://127.0.0.1:18099/flood.html','High water','The flood came at night.','','[]','[]','2026-11-26 18:30:57.000000',NULL,'1a7a2f5a376ab295c3010807587cdb08',NULL,'2026-11-26 18:30:57.845896','read',0,'2026-11-26 18:30:57.845896');
INSERT INTO "entries" VALUES(6,1,'b29ff9560331e0df2423a8e2a1ff2f06','rain','92dd2543d1ab0d8e9adfe8668ab142fc','https://127.0.0.1:18099/rain.html','http://127.0.0.1:18099/rain.html','Rain in Kabul','It rained all night. The Torkham crossing was closed, too.','','[]','[]','2026-11-26 18:30:57.000000',NULL,'34729669eed701a4571e93565cd3c8b9',4,'2026-11-26 18:31:02.837949','read',0,'2026-11-26 18:31:02.837949');
CREATE TABLE feeds (
	id INTEGER NOT NULL, 
	declared_url TEXT NOT NULL, 
	url TEXT NOT NULL, 
	declared_name TEXT, 
	name TEXT NOT NULL, 
	tags JSON NOT NULL, 
	interval_seconds FLOAT, 
	full_text BOOLEAN NOT NULL, 
	backfill_seconds FLOAT NOT NULL, 
	origin TEXT NOT NULL, 
	status TEXT NOT NULL, 
	subscribed_at DATETIME NOT NULL, 
	next_poll_at DATETIME NOT NULL, 
	lease_until DATETIME, 
	etag TEXT, 
	last_modified TEXT, 
	body_hash TEXT, 
	first_success_at DATETIME, 
	last_polled_at DATETIME, 
	last_success_at DATETIME, 
	last_outcome TEXT, 
	last_error TEXT, 
	last_reason TEXT, 
	failures INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_feeds PRIMARY KEY (id), 
	CONSTRAINT uq_feeds_declared_url UNIQUE (declared_url)
);
INSERT INTO "feeds" VALUES(1,'http://127.0.0.1:18099/feed.xml','http://127.0.0.1:18099/feed.xml',NULL,'Border news','["border"]',NULL,0,0.0,'config','active','2026-11-26 18:30:55.797029','2026-11-26 18:31:08.784254',NULL,NULL,NULL,'4a9b657cd9a12275881baa38dc2b4232','2026-11-26 18:30:56.156980','2026-11-26 18:31:07.837807','2026-11-26 18:31:07.837807','unchanged',NULL,'interval',0);
CREATE TABLE matches (
	id INTEGER NOT NULL, 
	article_id INTEGER NOT NULL, 
	rule_id TEXT NOT NULL, 
	rule_version TEXT NOT NULL, 
	rule JSON NOT NULL, 
	spans JSON NOT NULL, 
	explanation JSON NOT NULL, 
	because TEXT NOT NULL, 
	sentences JSON NOT NULL, 
	matched_at DATETIME NOT NULL, 
	CONSTRAINT pk_matches PRIMARY KEY (id), 
	CONSTRAINT fk_matches_article_id FOREIGN KEY(article_id) REFERENCES articles (id), 
	CONSTRAINT uq_matches_article_id_rule_id UNIQUE (article_id, rule_id)
);
INSERT INTO "matches" VALUES(1,1,'torkham-closed','fa225c64','{"id": "torkham-closed", "title": "Torkham crossing closed", "query": "SENTENCE(@torkham AND (closed OR closure OR \u0628\u0646\u062f))", "version": "fa225c64", "tags": ["border"], "severity": "high", "must_match": [], "must_not_match": [], "file": "rules/border.toml", "line": 6}','[{"field": "summary", "start": 4, "end": 11, "text": "Torkham"}, {"field": "summary", "start": 25, "end": 31, "text": "closed"}, {"field": "body", "start": 4, "end": 11, "text": "Torkham"}, {"field": "body", "start": 25, "end": 31, "text": "closed"}]','{"node": "SENTENCE", "holds": true, "spans": [{"field": "summary", "start": 4, "end": 11, "text": "Torkham"}, {"field": "summary", "start": 25, "end": 31, "text": "closed"}, {"field": "body", "start": 4, "end": 11, "text": "Torkham"}, {"field": "body", "start": 25, "end": 31, "text": "closed"}], "children": [{"node": "AND", "holds": true, "spans": [{"field": "summary", "start": 4, "end": 11, "text": "Torkham"}, {"field": "summary", "start": 25, "end": 31, "text": "closed"}], "children": [{"node": "@torkham", "holds": true, "spans": [{"field": "summary", "start": 4, "end": 11, "text": "Torkham"}], "children": [], "note": ""}, {"node": "OR", "holds": true, "spans": [{"field": "summary", "start": 25, "end": 31, "text": "closed"}], "children": [{"node": "closed", "holds": true, "spans": [{"field": "summary", "start": 25, "end": 31, "text": "closed"}], "children": [], "note": ""}], "note": ""}], "note": ""}], "note": "in \"The Torkham crossing was closed on Sunday\""}','"Torkham" and "closed" in one sentence','["57d3d0efe2dd16328b96b50950d69a56"]','2026-11-26 18:30:59.920183');
INSERT INTO "matches" VALUES(2,2,'torkham-closed','fa225c64','{"id": "torkham-closed", "title": "Torkham crossing closed", "query": "SENTENCE(@torkham AND (closed OR closure OR \u0628\u0646\u062f))", "version": "fa225c64", "tags": ["border"], "severity": "high", "must_match": [], "must_not_match": [], "file": "rules/border.toml", "line": 6}','[{"field": "summary", "start": 0, "end": 5, "text": "\u0637\u0648\u0631\u062e\u0645"}, {"field": "summary", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}, {"field": "body", "start": 0, "end": 5, "text": "\u0637\u0648\u0631\u062e\u0645"}, {"field": "body", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}]','{"node": "SENTENCE", "holds": true, "spans": [{"field": "summary", "start": 0, "end": 5, "text": "\u0637\u0648\u0631\u062e\u0645"}, {"field": "summary", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}, {"field": "body", "start": 0, "end": 5, "text": "\u0637\u0648\u0631\u062e\u0645"}, {"field": "body", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}], "children": [{"node": "AND", "holds": true, "spans": [{"field": "summary", "start": 0, "end": 5, "text": "\u0637\u0648\u0631\u062e\u0645"}, {"field": "summary", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}], "children": [{"node": "@torkham", "holds": true, "spans": [{"field": "summary", "start": 0, "end": 5, "text": "\u0637\u0648\u0631\u062e\u0645"}], "children": [], "note": "by its spelling \"\u0637\u0648\u0631\u062e\u0645\""}, {"node": "OR", "holds": true, "spans": [{"field": "summary", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}], "children": [{"node": "\u0628\u0646\u062f", "holds": true, "spans": [{"field": "summary", "start": 12, "end": 15, "text": "\u0628\u0646\u062f"}], "children": [], "note": ""}], "note": ""}], "note": ""}], "note": "in \"\u0637\u0648\u0631\u062e\u0645 \u0628\u0627\u0631\u0688\u0631 \u0628\u0646\u062f \u06c1\u06d2\""}','@torkham by its spelling "طورخم" and "بند" in one sentence','["64f518911572b73840307cce28aad4bc"]','2026-11-26 18:30:59.942588');
INSERT INTO "matches" VALUES(3,4,'floods','abf91e67','{"id": "floods", "title": "Floods", "query": "flood*", "version": "abf91e67", "tags": [], "severity": "normal", "must_match": [], "must_not_match": [], "file": "rules/border.toml", "line": 13}','[{"field": "summary", "start": 4, "end": 9, "text": "flood"}, {"field": "body", "start": 4, "end": 9, "text": "flood"}]','{"node": "flood*", "holds": true, "spans": [{"field": "summary", "start": 4, "end": 9, "text": "flood"}, {"field": "body", "start": 4, "end": 9, "text": "flood"}], "children": [], "note": ""}','"flood"','["1ff12fd64983021c1e4a6307e7a4ed9e"]','2026-11-26 18:30:59.957563');
INSERT INTO "matches" VALUES(4,5,'torkham-closed','fa225c64','{"id": "torkham-closed", "title": "Torkham crossing closed", "query": "SENTENCE(@torkham AND (closed OR closure OR \u0628\u0646\u062f))", "version": "fa225c64", "tags": ["border"], "severity": "high", "must_match": [], "must_not_match": [], "file": "rules/border.toml", "line": 6}','[{"field": "summary", "start": 25, "end": 32, "text": "Torkham"}, {"field": "summary", "start": 46, "end": 52, "text": "closed"}, {"field": "body", "start": 25, "end": 32, "text": "Torkham"}, {"field": "body", "start": 46, "end": 52, "text": "closed"}]','{"node": "SENTENCE", "holds": true, "spans": [{"field": "summary", "start": 25, "end": 32, "text": "Torkham"}, {"field": "summary", "start": 46, "end": 52, "text": "closed"}, {"field": "body", "start": 25, "end": 32, "text": "Torkham"}, {"field": "body", "start": 46, "end": 52, "text": "closed"}], "children": [{"node": "AND", "holds": true, "spans": [{"field": "summary", "start": 25, "end": 32, "text": "Torkham"}, {"field": "summary", "start": 46, "end": 52, "text": "closed"}], "children": [{"node": "@torkham", "holds": true, "spans": [{"field": "summary", "start": 25, "end": 32, "text": "Torkham"}], "children": [], "note": ""}, {"node": "OR", "holds": true, "spans": [{"field": "summary", "start": 46, "end": 52, "text": "closed"}], "children": [{"node": "closed", "holds": true, "spans": [{"field": "summary", "start": 46, "end": 52, "text": "closed"}], "children": [], "note": ""}], "note": ""}], "note": ""}], "note": "in \"The Torkham crossing was closed, too\""}','"Torkham" and "closed" in one sentence','["8acaa9cdf4af8d965dc72cc412cb9707"]','2026-11-26 18:31:04.829097');
CREATE TABLE poll_counts (
	minute DATETIME NOT NULL, 
	outcome TEXT NOT NULL, 
	polls INTEGER NOT NULL, 
	CONSTRAINT pk_poll_counts PRIMARY KEY (minute, outcome)
);
INSERT INTO "poll_counts" VALUES('2026-11-26 18:30:00.000000','ok',2);
INSERT INTO "poll_counts" VALUES('2026-11-26 18:30:00.000000','unchanged',2);
INSERT INTO "poll_counts" VALUES('2026-11-26 18:31:00.000000','unchanged',4);
INSERT INTO "poll_counts" VALUES('2026-11-26 18:31:00.000000','ok',1);
CREATE TABLE routings (
	match_id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	state TEXT NOT NULL, 
	batch TEXT, 
	draft_batch TEXT, 
	CONSTRAINT pk_routings PRIMARY KEY (match_id, digest), 
	CONSTRAINT fk_routings_match_id FOREIGN KEY(match_id) REFERENCES matches (id)
);
INSERT INTO "routings" VALUES(1,'alerts','planned','s_1#1',NULL);
INSERT INTO "routings" VALUES(1,'morning','pending',NULL,NULL);
INSERT INTO "routings" VALUES(2,'alerts','planned','s_2#1',NULL);
INSERT INTO "routings" VALUES(2,'morning','pending',NULL,NULL);
INSERT INTO "routings" VALUES(3,'alerts','planned','s_4#1',NULL);
INSERT INTO "routings" VALUES(3,'morning','pending',NULL,NULL);
INSERT INTO "routings" VALUES(4,'alerts','planned','s_3#1',NULL);
INSERT INTO "routings" VALUES(4,'morning','pending',NULL,NULL);
CREATE TABLE rule_failures (
	article_id INTEGER NOT NULL, 
	rule_id TEXT NOT NULL, 
	why TEXT NOT NULL, 
	failed_at DATETIME NOT NULL, 
	CONSTRAINT pk_rule_failures PRIMARY KEY (article_id, rule_id), 
	CONSTRAINT fk_rule_failures_article_id FOREIGN KEY(article_id) REFERENCES articles (id)
);
CREATE TABLE rulesets (
	version TEXT NOT NULL, 
	files JSON NOT NULL, 
	loaded_at DATETIME NOT NULL, 
	CONSTRAINT pk_rulesets PRIMARY KEY (version)
);
INSERT INTO "rulesets" VALUES('16b8a251','[["rules/border.toml", "[entities.torkham]\nname = \"Torkham\"\ntype = \"place\"\naliases = [\"\u0637\u0648\u0631\u062e\u0645\"]\n\n[[rules]]\nid = \"torkham-closed\"\ntitle = \"Torkham crossing closed\"\nquery = ''SENTENCE(@torkham AND (closed OR closure OR \u0628\u0646\u062f))''\ntags = [\"border\"]\nseverity = \"high\"\n\n[[rules]]\nid = \"floods\"\ntitle = \"Floods\"\nquery = ''flood*''\n"]]','2026-11-26 18:30:55.797029');
CREATE INDEX ix_deliveries_digest_batch ON deliveries (digest, batch);
CREATE INDEX ix_deliveries_state_next_attempt_at ON deliveries (state, next_attempt_at);
CREATE INDEX ix_feeds_status_next_poll_at ON feeds (status, next_poll_at);
CREATE INDEX ix_attempts_delivery_id ON attempts (delivery_id);
CREATE INDEX ix_entries_fate_next_read_at ON entries (fate, next_read_at);
CREATE INDEX ix_entries_feed_id_id_hash ON entries (feed_id, id_hash);
CREATE INDEX ix_entries_first_seen ON entries (first_seen);
CREATE INDEX ix_entries_url_key ON entries (url_key);
CREATE INDEX ix_articles_content_hash_first_seen ON articles (content_hash, first_seen);
CREATE INDEX ix_articles_stage_id ON articles (stage, id);
CREATE INDEX ix_articles_story_id ON articles (story_id);
CREATE INDEX ix_articles_url_key ON articles (url_key);
CREATE INDEX ix_matches_matched_at ON matches (matched_at);
CREATE INDEX ix_routings_digest_state ON routings (digest, state);
COMMIT;
