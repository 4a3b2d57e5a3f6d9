#!/usr/bin/env python3
"""Makes the tables of data/ from their origins (README.md, "Origins").

usage: derive.py SOURCES OUT

SOURCES holds the files of the origins in folders gb2260, divisions, gb4754 and names; OUT is data/. The result is
the same, byte for byte, for the same sources. Needs nothing beyond Python 3.
"""
import collections
import csv
import pathlib
import sys

YANGZHOU = "3210"
# Characters that occur in historic names but that nobody would choose today, or that are titles, numerals,
# pronouns and the like.
UNSUITABLE = set(
    "元之大士公一如甫某用可氏式侯椿官柔基奴述威老罕使阿任植甲曰期表都器僧圭受五爵冕虎帝郎堪教木印藏格小果至念滋裔"
    "羽次序愈己夏求著默及封第狐客陵父命朴操待再察添不合映召丙因位意二止野冲妙密略循巨秩哥四含住交褒似耕寂府授者"
    "殿步庶佛竹醇尊溶赤主史州宿乃跋咨近司宰又范室枚御拙屠扶郊壁占去裳晃垂伏勇臻所依殊七那房衣侗我渠流防身寓灼汲"
    "留勒崖品寄婆首什力榜非攀霸花目尼份何就宦籍舍丁群持久板根里哈干代堂娘奎孺炎求二三八九十百千万六老愚虞空谷布牧"
    "敷向匡多他它彪黎姓祖孙相直王曾熙隆令吉父夫人翁石斗材介采江白易卿君生兽鬼死病丧太子女母男儿兄弟弟象洞尾毛牛羊"
    "猪狗鼠蛇马龟虫肉骨血鸟屎尿臭屋在真度常法少名心辰午未申酉戌亥丑寅卯辛庚壬癸乙戊神仙魁起登惟且也而以其于与同"
    "通言由容行奉三升化望必本守居能深允素阳".replace("\n", ""))
FEMALE = set("英秀淑芬芳芝梅娟珊婉娥琳琴蓉雪霞香彩惠美玉兰慧妹洁素莲薇莉莹婷雅佳娴嫣琪瑶璇琼")
MALE = set("刚勇毅峰强军杰伟武虎龙彪雄豪健威钢铁柱栋梁国建邦鹏飞彦志兴昌荣广宏德")
# Further characters of company names.
COMPANY_CHARACTERS = set("鑫达通联宇腾科创诚信源盛泰丰润华安康恒瑞祥顺利和兴旺发隆昌金银宝鼎凯航新天海江河山"
                         "林森木石鸿远宏博众美佳优品尚雅悦乐家园居味香茶食农牧云星光明亮智慧数码网电子机械正大中"
                         "东南西北方上水清绿蓝红白玉龙凤鹏马驰捷速迅达业汇融聚合力奥欧迪威特斯特诺维克力扬")


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def lines(path):
    with open(path, encoding="utf-8-sig") as file:
        return [line.strip() for line in file][3:]


def write(path, header, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(table)


def month(revision):
    return revision[:4] + "-" + revision[4:]


def is_zone(code):
    """Statistical zones number their counties 71 to 78, which GB/T 2260 leaves free below a city."""
    return "71" <= code[4:] <= "78"


def region_history(sources):
    history = rows(sources / "gb2260" / "division_history.csv")
    newest = max(row["last_revision"] for row in history)
    table, known = [], set()
    for row in history:
        known.add(row["code"])
        until = "" if row["last_revision"] == newest else month(row["last_revision"])
        table.append((row["code"], row["name"], month(row["first_revision"]), until, "gb2260"))
    for row in rows(sources / "divisions" / "areas.csv") + cities(sources):
        if row["code"] not in known:
            origin = "zone" if is_zone(row["code"]) else "statistics"
            table.append((row["code"], row["name"], "2023-06", "", origin))
    return sorted(table)


def cities(sources):
    return [{"code": row["code"] + "00", "name": row["name"]} for row in rows(sources / "divisions" / "cities.csv")]


def yangzhou(sources):
    folder = sources / "divisions"
    table = [("320000", "江苏省", "province", "", "2023-06-30"),
             (YANGZHOU + "00", "扬州市", "city", "320000", "2023-06-30")]
    for name, level, parent in (("areas", "county", None), ("streets", "township", "areaCode"),
                                ("villages_yangzhou_3210", "village", "streetCode")):
        for row in rows(folder / (name + ".csv")):
            if row["cityCode"] == YANGZHOU:
                table.append((row["code"], row["name"], level, row[parent] if parent else YANGZHOU + "00",
                              "2023-06-30"))
    return sorted(table, key=lambda row: (len(row[0].rstrip("0")) > 4, row[0]))


def industry(sources):
    table, section = [], ""
    by_parent = {row["code"]: row["parent"] for row in rows(sources / "gb4754" / "gbt4754_2017_reconciled.csv")}
    for row in rows(sources / "gb4754" / "gbt4754_2017_reconciled.csv"):
        if row["level"] == "4":
            section = by_parent[by_parent[row["parent"]]]
            table.append((section + row["code"], row["name"]))
    return sorted(table)


def industry_2011(sources):
    return sorted((row["code"], row["name"]) for row in rows(sources / "gb4754" / "gbt4754_2011.csv")
                  if len(row["code"]) == 5)


def is_common(character):
    """True for the 3,755 common simplified characters (GB/T 2312, level 1)."""
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


def name_characters(sources, surnames):
    count = collections.Counter()
    for name in lines(sources / "names" / "ancient_names_25w.txt"):
        if len(name) in (2, 3) and name[0] in surnames:
            count.update(c for c in name[1:] if is_common(c) and c not in UNSUITABLE)
    table = []
    for character, weight in sorted(count.most_common(400), key=lambda item: (-item[1], item[0])):
        use = "f" if character in FEMALE else "m" if character in MALE else "b"
        table.append((character, weight, use))
    return table


def company_names(sources, characters):
    allowed = {row[0] for row in characters} | COMPANY_CHARACTERS
    names = sorted({name for name in lines(sources / "names" / "company_shorter_form_28w.txt")
                    if len(name) in (2, 3) and all(c in allowed for c in name)})
    step = max(1, len(names) // 3000)
    return [(name,) for name in names[::step]]


def main(sources, out):
    write(out / "divisions" / "gb2260_history.csv", ("code", "name", "valid_from", "valid_to", "origin"),
          region_history(sources))
    write(out / "divisions" / "yangzhou.csv", ("code", "name", "level", "parent", "valid_from"), yangzhou(sources))
    write(out / "codes" / "industry.csv", ("code", "title"), industry(sources))
    write(out / "codes" / "industry_2011.csv", ("code", "title"), industry_2011(sources))
    surnames = [(row["NameB"], int(float(row["TF"]))) for row in rows(sources / "names" / "family_names_1k.csv")]
    surnames = [row for row in surnames if row[1] > 0]
    characters = name_characters(sources, {name for name, _ in surnames})
    write(out / "names" / "surnames.csv", ("surname", "weight"), surnames)
    write(out / "names" / "given_name_characters.csv", ("character", "weight", "use"), characters)
    write(out / "names" / "company_names.csv", ("name",), company_names(sources, characters))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
