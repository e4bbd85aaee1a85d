<?xml version="1.0" encoding="utf-8"?>
<!-- An example of a transformation: the XML of the adapter "xml" as a page that people read. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" encoding="utf-8" indent="yes"/>
  <xsl:template match="/Conversations">
    <html>
      <body>
        <xsl:for-each select="Conversation">
          <h2><xsl:value-of select="Channel/@name"/></h2>
          <table>
            <xsl:for-each select="Messages/Message">
              <tr>
                <td><xsl:value-of select="DateTimeUTC/@string"/></td>
                <td><xsl:value-of select="Sender/@UserName"/></td>
                <td><xsl:value-of select="@type"/></td>
                <td><xsl:value-of select="@content"/></td>
              </tr>
            </xsl:for-each>
          </table>
        </xsl:for-each>
      </body>
    </html>
  </xsl:template>
</xsl:stylesheet>
